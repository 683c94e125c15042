// The form that sends an event, or an edited one again.

import { about, api, pathOf } from './api.js';
import { $, el, options } from './dom.js';
import { membersOf, printed, readJSON } from './json.js';
import { model } from './model.js';
import { act, reportSent, toast } from './notice.js';
import { count, plural } from './words.js';

$('ways').append(...about.ways.map((w) => el('label', { class: 'choice', 'data-standin': w.value === 'reliable' },
  el('input', { type: 'radio', name: 'way', value: w.value }), el('span', {}, el('b', {}, w.name), el('small', {}, w.text)))));
$('counts').append(...about.counts.map((n, i) => el('label', {},
  el('input', { type: 'radio', name: 'n', value: n, checked: i === 0 }), el('span', {}, count.format(n)))));

const sendDialog = $('send'), form = $('send-form'), editor = $('json');
const sending = { resend: null, kinds: null, sample: null };

/** Opens the form: for a new event, or to edit and resend one. */
export async function openSend(event) {
  sending.resend = event ?? null;
  $('send-title').textContent = event ? 'Edit and resend' : 'Send an event';
  $('send-now').textContent = event ? 'Resend' : 'Send';
  $('kind-field').hidden = $('how-many').hidden = !!event;
  form.elements.n.value = '1';
  form.elements.way.value = model.config.real ? 'normal' : event ? event.mode : model.config.Mode === 'PUSH' ? 'normal' : 'reliable';
  $('sames').hidden = true;
  sendDialog.showModal();
  if (event) {
    const read = readJSON(event.body);
    editor.value = read.lines ? printed(read.lines) : event.body;
    check();
    editor.setSelectionRange(0, 0);
    editor.focus();
    return;
  }
  $('kind').focus();
  if (!sending.kinds) {
    try {
      sending.kinds = (await api('GET', '/kinds')).kinds;
      $('kind').replaceChildren(...options(sending.kinds.map((k) => ({ value: k.type, name: k.type }))));
      useSample(sending.kinds[0]);
    } catch (e) {
      toast(e.message, true);
    }
  }
}

function useSample(kind) {
  sending.sample = kind;
  $('kind-text').textContent = kind.text ?? '';
  editor.value = kind.body;
  editor.scrollTop = 0;
  check();
}

async function another() {
  const type = $('kind').value;
  try {
    const kind = await api('GET', '/kinds/' + encodeURIComponent(type));
    if (type === $('kind').value) useSample(kind);
  } catch (e) {
    complain(e.message);
  }
}
$('another').addEventListener('click', another);
$('kind').addEventListener('change', another);

const bytes = new TextEncoder();

function complain(text) {
  $('json-state').setAttribute('data-bad', '');
  $('json-state').textContent = text;
}

/** Says what the editor holds. */
function check() {
  const read = readJSON(editor.value);
  const error = read.error ? `Line ${read.line}, column ${read.column}: ${read.error}` : read.lines[0].open === '{' || read.lines[0].raw === '{}' ? '' : 'An event is a JSON object.';
  editor.setAttribute('aria-invalid', !!error);
  $('json-state').toggleAttribute('data-bad', !!error);
  $('json-state').textContent = error || `Valid JSON, ${plural(bytes.encode(editor.value).length, 'byte', 'bytes')}. Sent to the byte as it stands.`;
  return error ? null : read;
}
editor.addEventListener('input', check);
$('format').addEventListener('click', () => {
  const read = check();
  if (!read) return editor.focus();
  editor.value = printed(read.lines);
  check();
});

for (const radio of form.querySelectorAll('[name="n"]')) {
  radio.addEventListener('change', () => { $('sames').hidden = form.elements.n.value === '1'; });
}

/**
 * What the reader changed in the payload of the sample, as members to set in
 * each of many different events: JSON text, spelled as in the editor. null
 * when something beside the payload was changed.
 */
function overrides(read) {
  const sample = readJSON(sending.sample.body).lines;
  const was = membersOf(sample, 0), is = membersOf(read.lines, 0);
  const field = JSON.stringify(sending.sample.field);
  const payload = is.get(field);
  const text = (lines) => printed(lines, lines[0].depth).replace(/,$/, '');
  const rest = (members) => [...members].filter(([k]) => k !== field).map(([, lines]) => text(lines)).join();
  if (!payload?.[0].open || rest(was) !== rest(is)) return null;
  const before = membersOf(sample, sample.indexOf(was.get(field)[0])), now = membersOf(read.lines, read.lines.indexOf(payload[0]));
  const set = [];
  for (const [key, lines] of now) {
    if (!before.has(key) || text(before.get(key)) !== text(lines)) set.push(key + ':' + editor.value.slice(lines[0].start, lines[0].stop));
  }
  for (const key of before.keys()) if (!now.has(key)) set.push(key + ':null');
  return `{${set.join()}}`;
}

form.addEventListener('submit', (s) => {
  s.preventDefault();
  act($('send-now'), async () => {
    const read = check();
    if (!read) return editor.focus();
    const mode = form.elements.way.value, n = form.elements.n.value;
    let path = `/events?mode=${mode}&n=${n}`, body = editor.value;
    if (sending.resend) {
      path = pathOf(sending.resend.id, `/resend?mode=${mode}`);
    } else if ((n !== '1' || sending.sample.events > 1) && form.elements.same.value === '') {
      const changed = overrides(read);
      if (changed === null && n !== '1') return complain('Different events are made from the kind: change only members of its payload, or send them all the same.');
      if (changed !== null) {
        body = changed;
        path += `&kind=${encodeURIComponent(sending.sample.type)}`;
      }
    }
    try {
      const answer = await api('POST', path, body);
      sendDialog.close();
      reportSent(answer, mode);
    } catch (e) {
      complain(e.message);
    }
  });
});
form.addEventListener('keydown', (k) => {
  if (k.key === 'Enter' && (k.ctrlKey || k.metaKey)) { k.preventDefault(); form.requestSubmit(); }
});
$('open-send').addEventListener('click', () => openSend());
