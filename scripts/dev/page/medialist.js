// The list of media. It shows the newest and, on demand, more: each row is in the
// document.

import { about, send } from './api.js';
import { $, el, options, say, set } from './dom.js';
import { coverNode, media, open, resultNode, reviewNode, stateNode } from './media.js';
import { hear, model } from './model.js';
import { act, toast } from './notice.js';
import { count, playtime, plural } from './words.js';

const PORTION = 100; // rows
const grid = $('media-grid'), list = $('media-rows'), viewport = $('media-viewport');
const rows = new Map(); // key → its row
let view = [];          // [key, media] that fit the filter, newest first
let shown = PORTION;
let cursor = null;      // key of the media that the keys are on
let made = 0;           // rows

$('media-state').append(...options(about.mediaStates.map((s) => ({ value: s.name, name: s.name }))));

const hay = (m) => [m.name, m.file_id, m.error, m.review, m.review_label, m.session_context, m.source_context].join(' ').toLowerCase();

function filtered() {
  const text = $('media-q').value.trim().toLowerCase(), state = $('media-state').value;
  return [...media].reverse().filter(([, m]) => (!state || m.state === state) && (!text || hay(m).includes(text)));
}

let framed = false;
function refresh() {
  if (framed) return;
  framed = true;
  requestAnimationFrame(() => {
    framed = false;
    say($('media-count'), media.size ? count.format(media.size) : '');
    if (!$('panel-media').hidden) paint();
  });
}

function paint() {
  view = filtered();
  const wanted = view.slice(0, shown).map(([key, m]) => rowOf(key, m));
  const kept = new Set(wanted.map((r) => r.node));
  for (const [key, r] of rows) if (!kept.has(r.node)) { r.node.remove(); rows.delete(key); }
  let at = list.firstChild; // a row that is in its place is not touched: it may be clicked just now
  for (const [i, r] of wanted.entries()) {
    if (r.node === at) at = at.nextSibling;
    else list.insertBefore(r.node, at);
    set(r.node, 'aria-rowindex', String(i + 2));
  }
  mark();
  grid.setAttribute('aria-rowcount', view.length + 1);
  const words = media.size === 1 ? '1 media' : `${count.format(media.size)} media`;
  $('media-matched').textContent = !media.size ? '' : view.length < media.size ? `${count.format(view.length)} of ${words}` : words;
  $('media-more').hidden = view.length <= shown;
  $('media-more').textContent = `Show ${count.format(Math.min(PORTION, view.length - shown))} more`;
  $('media-empty').hidden = !model.loaded || media.size > 0;
  $('media-none').hidden = !model.loaded || !media.size || view.length > 0;
}

/** Marks the row that is open and the one that the keys are on. */
function mark() {
  for (const [key, { node }] of rows) {
    set(node, 'aria-selected', String(key === model.media));
    node.toggleAttribute('data-cursor', key === cursor);
  }
  const active = rows.get(cursor);
  active ? grid.setAttribute('aria-activedescendant', active.node.id) : grid.removeAttribute('aria-activedescendant');
}

function rowOf(key, m) {
  let r = rows.get(key);
  if (!r) {
    r = { node: el('div', { class: 'media-row', role: 'row', id: `media-row-${made++}` }) };
    r.node.addEventListener('click', () => { grid.focus({ preventScroll: true }); setCursor(key); open(key, false); });
    rows.set(key, r);
  }
  if (r.media !== m) fill(r, m);
  return r;
}

const cell = (name, ...children) => el('div', { class: 'm-' + name, role: 'gridcell' }, ...children);

function fill(r, m) {
  const cover = r.media?.cover_url === m.cover_url && r.cover || coverNode(m, '');
  Object.assign(r, { media: m, cover });
  r.node.replaceChildren(
    cell('cover', cover),
    cell('name', el('b', {}, m.name || 'no name'), el('small', {}, m.file_id)),
    cell('state', stateNode(m), m.error && el('small', { title: m.error }, m.error) || ''),
    cell('length', m.duration ? playtime(m.duration) : ''),
    cell('results', ...(m.outputs ?? []).map(resultNode)),
    cell('review', reviewNode(m)),
    cell('events', plural(m.events, 'event', 'events')));
}

function setCursor(key) {
  cursor = key;
  mark();
  rows.get(key)?.node.scrollIntoView({ block: 'nearest' });
}

export function step(by) {
  if (!view.length) return;
  const now = view.findIndex(([key]) => key === cursor);
  const next = now < 0 ? 0 : Math.min(view.length - 1, Math.max(0, now + by));
  if (next >= shown) { shown = next + PORTION; paint(); }
  setCursor(view[next][0]);
  if (model.media) open(view[next][0], false);
}

grid.addEventListener('focus', () => { if (!rows.has(cursor) && view.length) setCursor(view[0][0]); });
grid.addEventListener('keydown', (k) => {
  if (k.target !== grid || k.ctrlKey || k.metaKey || k.altKey) return;
  const page = Math.max(1, Math.floor(viewport.clientHeight / 72) - 1);
  const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[k.key];
  if (by !== undefined) step(by);
  else if (k.key === 'Enter' && cursor) open(cursor, true);
  else return;
  k.preventDefault();
});

function refilter() {
  shown = PORTION;
  viewport.scrollTop = 0;
  refresh();
}
$('media-q').addEventListener('input', refilter);
$('media-state').addEventListener('change', refilter);
$('media-q').addEventListener('keydown', (k) => {
  if (k.key === 'Escape' && $('media-q').value) {
    $('media-q').value = '';
    refilter();
  } else if (k.key === 'Escape' || k.key === 'Enter' || k.key === 'ArrowDown') {
    grid.focus();
  } else return;
  k.preventDefault();
  k.stopPropagation();
});
$('media-unfilter').addEventListener('click', () => {
  $('media-q').value = $('media-state').value = '';
  refilter();
  grid.focus();
});
$('media-more').addEventListener('click', () => { shown += PORTION; paint(); });

const upload = (button, process) => button.addEventListener('click', () => act(button, async () => {
  const { fileId } = await send('POST', '/media', { process });
  toast(`${fileId} is uploaded. Its event follows, and counts once it is delivered.`);
}));
upload($('upload'), false);
upload($('upload-process'), true);
upload($('media-first'), true);

hear('changedMedia', refresh);
hear('openedMedia', mark);
hear('view', refresh);
hear('loaded', refresh);
