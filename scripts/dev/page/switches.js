// The switches: how VOD delivers events, what it does where its pages leave
// it open, and the time.

import { about, api, send } from './api.js';
import { $, choose, el, hide, options, say } from './dom.js';
import { hear, model } from './model.js';
import { act, toast } from './notice.js';
import { Setting } from './setting.js';
import { clockTime, span } from './words.js';

const config = new Setting('/config', show);
hear('state', (state) => config.take(state.config));

/** A switch: what it says, and the attributes of its box. */
const toggle = (text, attributes) => el('label', { class: 'row' }, el('span', {}, text), el('input', { type: 'checkbox', role: 'switch', ...attributes }));

$('mode').append(...about.modes.map((m) => el('label', {}, el('input', { type: 'radio', name: 'Mode', value: m.value }), el('span', {}, m.name))));
$('kinds').append(...about.switches.map((s) => toggle(s.name, { 'data-config': s.value })));
$('alternatives').append(...about.alternatives.map((a) => toggle(a.text, { 'data-alternative': a.name, title: a.name })));
$('forwards').append(...about.forward.map((f, i) => el('button', { type: 'button', id: i === 0 && 'forward', 'data-forward': f.value, 'aria-label': f.text }, f.name)));
$('every').append(...options(about.every));

const radios = document.querySelectorAll('[name="Mode"]');
const boxes = document.querySelectorAll('[data-config]');
const alternatives = document.querySelectorAll('[data-alternative]');

function show(c) {
  model.config = c;
  model.offset = c.clock?.offsetMs ?? 0;
  for (const e of document.querySelectorAll('[data-standin]')) hide(e, c.real);
  $('where').textContent = c.real ? 'the real VOD' : 'local stand-in';
  for (const r of radios) r.checked = r.value === c.Mode;
  $('mode-hint').textContent = c.Mode === 'PUSH' ? `Each event is sent to ${c.NotificationUrl || 'nowhere: there is no NotificationUrl'}` : about.modes.find((m) => m.value === c.Mode)?.text ?? '';
  for (const b of boxes) b.checked = c[b.dataset.config] === true || c[b.dataset.config] === 'ON';
  for (const b of alternatives) b.checked = c.alternatives?.[b.dataset.alternative] ?? false;
  choose($('every'), c.every, 'every ' + c.every);
  $('env').replaceChildren(...(c.variables ?? []).map((v) => el('div', {}, el('dt', {}, v.name), el('dd', {}, v.value || '–'))));
  showClock();
}

for (const r of radios) r.addEventListener('change', () => config.put({ Mode: r.value }));
for (const b of boxes) {
  const name = b.dataset.config;
  b.addEventListener('change', () => config.put({ [name]: name === 'signed' ? b.checked : b.checked ? 'ON' : 'OFF' }));
}
for (const b of alternatives) {
  b.addEventListener('change', () => config.put({ alternatives: Object.fromEntries([...alternatives].map((a) => [a.dataset.alternative, a.checked])) }));
}
$('every').addEventListener('change', () => config.put({ every: $('every').value }));

function showClock() {
  const { every, next } = model.config;
  say($('clock'), clockTime(Date.now() + model.offset, false));
  say($('clock-offset'), model.offset ? `${span(model.offset)} ahead` : 'real time');
  const wait = next ? Date.parse(next) - Date.now() : NaN;
  say($('timer-next'), every === 'off' ? 'The timer is off; fire it by hand.' : wait > 1500 ? `Fires in ${Math.ceil(wait / 1000)} s` : 'Fires by itself');
}
setInterval(() => document.hidden || showClock(), 250);

/** Forwards the clock by what a button says. */
export const forward = (button) => act(button, async () => {
  const clock = await send('POST', '/clock', { forward: button.dataset.forward });
  model.offset = clock.offsetMs;
  showClock();
  toast(`The clock is ${span(model.offset)} ahead`);
});
for (const b of document.querySelectorAll('[data-forward]')) b.addEventListener('click', () => forward(b));

/** Fires the timer of pull and tells what came of it. */
export const fire = () => act($('timer'), async () => {
  $('timer').textContent = 'Pulling …';
  try {
    const t = await api('POST', '/timer');
    if (t.error) throw new Error(`pull failed: ${t.error}`);
    const r = t.result;
    toast(`Pulled ${r.pulled}, delivered ${r.delivered}, confirmed ${r.confirmed}${r.parked ? `, parked ${r.parked}` : ''} in ${span(t.tookMs)}; stopped: ${r.stopped}`);
  } finally {
    $('timer').textContent = 'Fire the timer now';
  }
});
$('timer').addEventListener('click', fire);
