// One media opened: its results, the events that made it, and which event set
// which value.

import { about, api, send } from './api.js';
import { $, el, options, sign } from './dom.js';
import { coverNode, figures, keyOf, linked, linkTo, media, open, openedMedia, pathOf, resultOf, reviewNode, stateNode } from './media.js';
import { events, hear, model, open as openEvent, tell } from './model.js';
import { act, toast } from './notice.js';
import { makePanel } from './panel.js';
import { focusList, showMedia } from './views.js';
import { bytes, clockTime, playtime } from './words.js';

const panel = makePanel($('media-detail'), close);
let pending = false;
let back = null; // the media from which an event was opened

$('md-fails').append(...options(about.fails));
$('md-part').append(...options(about.parts));

function show({ key, focus }) {
  const m = media.get(key);
  if (!m) return;
  back = null;
  if (model.opened) tell('yield');
  if (model.media !== key) {
    model.media = key;
    $('media-detail').scrollTop = 0;
    for (const part of ['results', 'events', 'registers']) $('md-' + part).replaceChildren();
    showHead(m);
    history.replaceState(null, '', linkTo(m));
    reload(true);
  }
  panel.show();
  if (focus) $('md-name').focus({ preventScroll: true });
  tell('openedMedia');
}

/** Hides the panel and gives the focus to nothing. */
function hide() {
  if (!model.media) return;
  model.media = null;
  history.replaceState(null, '', location.pathname);
  panel.hide();
  tell('openedMedia');
}

function close() {
  if (!model.media) return;
  hide();
  focusList();
}

hear('openMedia', show);
hear('close', close);
hear('open', hide);
hear('opened', () => { // the event that was opened from a media is closed: back to it
  if (model.opened || !back) return;
  const key = back;
  back = null;
  queueMicrotask(() => open(key, true)); // when all have heard that the event is closed
});
hear('changedMedia', (keys) => { if (keys.has(model.media)) reload(); });
hear('loaded', () => {
  if (model.media && !media.has(model.media)) return close();
  if (model.media) return reload();
  if (!media.has(linked())) return;
  showMedia();
  open(linked(), false);
});

/** Asks for the open media again, a few times a second at most. */
function reload(now) {
  if (pending && !now) return;
  pending = true;
  setTimeout(async () => {
    pending = false;
    const m = openedMedia();
    if (!m) return;
    try {
      const d = await api('GET', pathOf(m));
      if (model.media === keyOf(m)) showDetail(d);
    } catch (e) {
      if (model.media === keyOf(m)) showTrouble(e.message);
    }
  }, now ? 0 : 200);
}

function showTrouble(text) {
  $('md-error').hidden = !text;
  $('md-error').textContent = text ?? '';
}

let cover = {};
function showHead(m) {
  $('md-name').textContent = m.name || 'no name';
  $('md-id').textContent = `${m.file_id}, ${m.source}`;
  if (cover.of !== pathOf(m) + m.cover_url) {
    cover = { of: pathOf(m) + m.cover_url, node: coverNode(m, 'A placeholder of the cover') };
    $('md-cover').replaceChildren(cover.node);
  }
  const fact = (text) => text ? el('span', {}, text) : undefined;
  $('md-facts').replaceChildren(...[stateNode(m, true), fact(m.duration && playtime(m.duration)), fact(m.size && bytes(m.size)),
    fact(m.width && `${m.width} × ${m.height}`), fact(m.type), reviewNode(m), fact(m.procedure_status && `procedure: ${m.procedure_status}`)].filter(Boolean));
  for (const button of [$('md-process'), $('md-delete')]) button.disabled = m.state === 'deleted';
  showTrouble(m.error);
}

/** Replaces the rows of a list; a button that has the focus keeps it. */
function renew(list, rows) {
  const held = list.contains(document.activeElement) ? document.activeElement.id : '';
  list.replaceChildren(...rows);
  if (held) ($(held) ?? $('md-name')).focus({ preventScroll: true });
}

function showDetail(d) {
  showHead(d);
  renew($('md-results'), (d.outputs ?? []).map((o) => resultRow(d, o)));
  $('md-no-results').hidden = !!d.outputs;
  const told = new Map(d.told.map((t) => [t.eventId, t]));
  renew($('md-events'), d.told.map((t, i) => el('li', {},
    el('time', { datetime: t.received }, clockTime(Date.parse(t.received))), eventLink(t, `md-event-${i}`), el('span', { class: 'text' }, t.mode))));
  renew($('md-registers'), d.registers.map((r, i) => registerRow(r, told, i)));
}

const DELETES = { Transcode: 'TranscodeFiles', AdaptiveDynamicStreaming: 'AdaptiveDynamicStreamingFiles' };

function resultRow(m, o) {
  const { drawing, tone, word } = resultOf(o);
  const row = el('li', {}, el('p', { class: 'result-head' },
    el('span', { class: 'state', 'data-tone': tone }, sign(drawing), el('b', {}, `${o.kind} ${o.definition}`)), el('span', { class: 'text' }, [word, figures(o)].filter(Boolean).join(', '))));
  if (o.error) row.append(el('p', { class: 'text' }, o.error));
  if (o.url) row.append(el('p', { class: 'url' }, o.url));
  if (DELETES[o.kind] && o.status !== 'DELETED' && m.state !== 'deleted' && !model.config.real) {
    const button = el('button', { type: 'button', class: 'link', id: `md-delete-${o.kind}-${o.definition}`, 'aria-label': `Delete ${o.kind} ${o.definition}` }, 'Delete');
    button.addEventListener('click', () => act(button, () => remove(m, [{ type: DELETES[o.kind], definition: o.definition }])));
    row.firstChild.append(button);
  }
  return row;
}

/** The name of an event, which opens it while it is kept. */
function eventLink(t, id) {
  if (!t || !events.has(t.id)) return el('span', {}, t ? t.type : 'an event that is kept no more');
  const button = el('button', { type: 'button', class: 'link', id }, t.type);
  button.addEventListener('click', () => {
    const from = model.media;
    openEvent(t.id, true);
    back = from;
  });
  return button;
}

function registerRow({ name, values: [stands, ...beaten], hidden }, told, n) {
  const by = (v, i) => el('p', { class: 'by' }, eventLink(told.get(v.event), `md-register-${n}-${i}`), el('time', { datetime: v.at }, clockTime(Date.parse(v.at))),
    i === 0 ? hidden && el('span', {}, 'a deletion covers it') || '' : why(v, stands));
  const value = (v) => el('p', { class: 'value' }, v.text || '–');
  return el('li', {}, el('p', { class: 'register' }, name), value(stands), by(stands, 0),
    beaten.length ? el('ol', { class: 'beaten', 'aria-label': `Values of ${name} that were beaten` }, ...beaten.map((v, i) => el('li', {}, value(v), by(v, i + 1)))) : '');
}

/** Why a value was beaten, where that can be said. */
const why = (v, stands) => v.rank < stands.rank ? el('span', {}, 'a copy, which never wins') : Date.parse(v.at) < Date.parse(stands.at) ? el('span', {}, 'beaten: earlier') : el('span', {}, 'beaten');

async function remove(m, parts) {
  await send('POST', pathOf(m, '/delete'), { parts });
  toast(`${parts.length ? 'A part' : m.name || m.file_id} is deleted. Its event follows.`);
}

$('md-process').addEventListener('click', () => act($('md-process'), async () => {
  const fails = $('md-fails').value;
  await send('POST', pathOf(openedMedia(), '/process'), { fails: fails ? [fails] : [] });
  toast("The procedure runs. Its event follows.");
}));
$('md-delete').addEventListener('click', () => act($('md-delete'), () => {
  const type = $('md-part').value;
  return remove(openedMedia(), type ? [{ type }] : []);
}));
