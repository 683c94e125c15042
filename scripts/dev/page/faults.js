// The faults: by chance at an action of VOD, and in a sink of dev's own.

import { about } from './api.js';
import { $, choose, el, options } from './dom.js';
import { hear } from './model.js';
import { Setting } from './setting.js';
import { plural, span } from './words.js';

const setting = new Setting('/faults', show);
hear('state', (state) => setting.take(state.faults));

let faults = [], sink = {};
const sliders = new Map(); // "action kind" → its slider
const otherFaults = el('div');

function paintSlider(input, words) {
  const on = +input.value > 0;
  input.style.setProperty('--at', `${100 * (input.value - input.min) / (input.max - input.min)}%`);
  const label = input.closest('.slider');
  label.toggleAttribute('data-on', on);
  label.querySelector('.value').textContent = words;
  input.setAttribute('aria-valuetext', words);
}
const percent = (input) => +input.value ? input.value + ' %' : 'off';

for (const { action, title, kinds } of about.faults) {
  const group = el('details', { class: 'fault-group' }, el('summary', {}, title));
  for (const { kind, name } of kinds) {
    const input = el('input', { type: 'range', min: 0, max: 100, step: 5, value: 0, 'data-fault': `${action} ${kind}` });
    group.append(el('label', { class: 'slider' }, el('span', {}, name), el('span', { class: 'value', 'aria-hidden': 'true' }), input));
    const s = { action, kind, input };
    if (kind === 'delay') {
      s.by = el('select', { 'aria-label': `${title}: late by` }, ...options(about.delays.map((ms) => ({ value: ms, name: span(ms) }))));
      s.by.value = about.delays[1];
      s.by.addEventListener('change', () => putFaults());
      s.delay = el('label', { class: 'fault-delay' }, 'by', s.by);
      group.append(s.delay);
    }
    s.paint = () => {
      paintSlider(input, percent(input));
      if (s.delay) s.delay.hidden = !+input.value;
    };
    input.addEventListener('input', s.paint);
    input.addEventListener('change', () => putFaults());
    s.paint();
    sliders.set(`${action} ${kind}`, s);
  }
  $('faults').append(group);
}
document.querySelector('.fault-group').open = true;
$('faults').append(otherFaults);

const sliderOf = (f) => sliders.get(`${f.action ?? ''} ${f.kind}`);

function show(state) {
  ({ faults, sink } = state);
  const on = new Map(faults.map((f) => [sliderOf(f), f]));
  for (const s of sliders.values()) {
    if (s.input.matches(':active')) continue; // it is being moved
    const f = on.get(s);
    s.input.value = Math.round(100 * (f?.probability ?? 0));
    if (f && s.by) {
      choose(s.by, f.delayMs, span(f.delayMs));
    }
    s.paint();
  }
  const others = faults.filter((f) => !sliderOf(f));
  otherFaults.replaceChildren(...others.map((f) => {
    const off = el('button', { type: 'button', class: 'link', 'aria-label': `End the fault ${f.kind} of ${f.action || 'any call'}` }, 'off');
    off.addEventListener('click', () => putFaults(faults.filter((x) => x !== f)));
    return el('p', { class: 'other-fault' }, `${f.action || 'any call'}: ${f.kind}, ${Math.round(100 * f.probability)} %`, off);
  }));
  const active = faults.filter((f) => f.probability > 0).length + (sinkOn() ? 1 : 0);
  $('fault-badge').hidden = !active;
  $('fault-badge').textContent = active;
  $('fault-badge').setAttribute('aria-label', plural(active, 'fault on', 'faults on'));
  $('calm').disabled = !faults.some((f) => f.probability > 0);
  showSink();
}

function putFaults(list) {
  if (!list) {
    list = faults.filter((f) => !sliderOf(f));
    for (const { action, kind, input, by } of sliders.values()) {
      if (+input.value) list.push({ action, kind, probability: input.value / 100, ...(by && { delayMs: +by.value }) });
    }
  }
  setting.put({ faults: list });
}
$('calm').addEventListener('click', () => putFaults([]));

// The sink that fails or sleeps.

$('sink-status').append(...options(about.sink));

const sinkControls = Object.fromEntries([...document.querySelectorAll('[data-sink]')].map((c) => [c.dataset.sink, c]));
const sinkOn = () => sink.probability > 0 && (sink.delayMs > 0 || sink.status !== 0 && sink.status !== 200);

function showSink() {
  const { probability, status, delayMs } = sinkControls;
  if (!probability.matches(':active')) probability.value = Math.round(100 * (sink.probability ?? 0));
  if (!delayMs.matches(':active')) delayMs.value = sink.delayMs ?? 0;
  const code = sink.status === 200 ? 0 : sink.status ?? 0;
  choose(status, code, String(code));
  paintSink();
}

function paintSink() {
  const { probability, status, delayMs } = sinkControls;
  paintSlider(probability, percent(probability));
  paintSlider(delayMs, +delayMs.value ? span(+delayMs.value) : 'at once');
  const late = +delayMs.value, code = +status.value;
  $('sink-hint').textContent = !+probability.value ? 'Off. This is a second sink, beside yours, that fails or waits as you choose.'
    : code ? about.sink.find((s) => s.value === code)?.text ?? `Answers ${code}.`
    : late > about.leaseMs - 2000 ? 'Slower than the lease: pulled events come back.'
    : late > about.sendMs ? `Slower than ${span(about.sendMs)}: VOD sends a callback again.`
    : late ? 'A slow sink.' : about.sink[0].text;
}

for (const [name, control] of Object.entries(sinkControls)) {
  control.addEventListener('input', () => {
    // A choice without a share of the events would do nothing.
    if (name !== 'probability' && +control.value && !+sinkControls.probability.value) sinkControls.probability.value = 100;
    paintSink();
  });
  control.addEventListener('change', () => setting.put({
    sink: Object.fromEntries(Object.entries(sinkControls).map(([n, c]) => [n, n === 'probability' ? c.value / 100 : +c.value])),
  }));
}
