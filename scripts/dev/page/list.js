// The list of events. Only the rows that are in sight are in the document, so
// that ten thousand events stay smooth.

import { $, el, hide, say, set, svg } from './dom.js';
import { filtered, filtering } from './filter.js';
import { leaseBar, tickLease } from './lease.js';
import { events, hear, model, open, stateOf } from './model.js';
import { clockTime, count, plural, span } from './words.js';

let view = [];      // events that fit the filter, newest first
let cursor = null;  // id of the event that the keys are on
let seen = 0;       // the newest arrival that the reader had in sight
let rowHeight = 36;
const pool = [];
const grid = $('grid'), viewport = $('viewport'), spacer = $('spacer');

let framed = false, stale = false;

/** Rebuilds the view at the next frame; repaint only paints it. */
function refresh() { stale = true; repaint(); }
function repaint() {
  if (framed) return;
  framed = true;
  requestAnimationFrame(() => {
    framed = false;
    if (stale) rebuild();
    stale = false;
    paint();
  });
}

/** Where the n-th arrival stands in the view, or -1. */
function indexOf(n) {
  let low = 0, high = view.length - 1;
  while (low <= high) {
    const mid = (low + high) >> 1, at = view[mid].n;
    if (at === n) return mid;
    if (at > n) low = mid + 1;
    else high = mid - 1;
  }
  return -1;
}

function rebuild() {
  const top = Math.floor(viewport.scrollTop / rowHeight);
  const anchor = viewport.scrollTop > 2 ? view[top] : null;
  view = filtered();
  spacer.style.height = view.length * rowHeight + 'px';
  grid.setAttribute('aria-rowcount', view.length + 1);
  if (anchor) { // what the reader looks at stays where it is
    const now = indexOf(anchor.n);
    if (now > top) viewport.scrollTop += (now - top) * rowHeight;
  }
  const all = model.order.length, words = plural(all, 'event', 'events');
  $('empty').hidden = !model.loaded || all > 0;
  $('none').hidden = !model.loaded || !all || view.length > 0;
  $('matched').textContent = !all ? '' : filtering() ? `${count.format(view.length)} of ${words}` : words;
}

function newRow() {
  const cell = (name) => el('span', { class: 'c-' + name, role: 'gridcell' });
  const use = svg('use', {});
  const r = {
    node: el('div', { class: 'event cells', role: 'row', id: 'row-' + pool.length }),
    time: el('span'), millis: el('small'), state: el('span'), use, type: el('span'), subject: el('bdi', { dir: 'ltr' }), mode: cell('mode'), tries: cell('tries'), lease: cell('lease'),
    ...leaseBar(), tag: el('span', { class: 'tag' }),
  };
  r.stateCell = el('span', { class: 'c-state state', role: 'gridcell' }, svg('svg', { 'aria-hidden': 'true' }, use), r.state);
  r.typeCell = el('span', { class: 'c-type', role: 'gridcell' }, r.type, r.tag);
  r.took = el('span', { class: 'end' });
  r.lease.append(r.bar, r.took);
  r.node.append(el('span', { class: 'c-time', role: 'gridcell' }, r.time, r.millis), r.stateCell, r.typeCell, el('span', { class: 'c-subject', role: 'gridcell' }, r.subject), r.mode, r.tries, r.lease);
  r.node.addEventListener('click', () => { grid.focus({ preventScroll: true }); setCursor(r.event.id); open(r.event.id, false); });
  pool.push(r);
  spacer.append(r.node);
  return r;
}

function paint() {
  const y = viewport.scrollTop, height = viewport.clientHeight;
  const first = Math.max(0, Math.floor(y / rowHeight) - 4);
  const last = Math.min(view.length, Math.ceil((y + height) / rowHeight) + 4);
  while (pool.length < last - first) newRow();
  let active = '';
  for (const [slot, r] of pool.entries()) {
    // The one index in [first, first + pool) that falls to this slot.
    const i = first + (slot - first % pool.length + pool.length) % pool.length;
    const e = i < last ? view[i] : undefined;
    hide(r.node, !e);
    if (!e) { r.event = null; continue; }
    if (r.index !== i) {
      r.index = i;
      r.node.style.transform = `translateY(${i * rowHeight}px)`;
      r.node.setAttribute('aria-rowindex', i + 2);
    }
    if (r.event !== e) fill(r, e);
    const isOpen = e.id === model.opened, isCursor = e.id === cursor;
    if (r.isOpen !== isOpen) r.node.setAttribute('aria-selected', r.isOpen = isOpen);
    if (r.isCursor !== isCursor) r.node.toggleAttribute('data-cursor', r.isCursor = isCursor);
    if (isCursor) active = r.node.id;
  }
  active ? grid.setAttribute('aria-activedescendant', active) : grid.removeAttribute('aria-activedescendant');

  if (y < rowHeight) seen = model.arrivals;
  let newer = 0;
  while (newer < view.length && view[newer].n > seen) newer++;
  $('newer').hidden = !newer;
  if (newer) $('newer').textContent = `↑ ${count.format(newer)} newer`;
}

function fill(r, e) {
  r.event = e;
  const s = stateOf(e);
  set(r.use, 'href', '#s-' + s.sign);
  set(r.stateCell, 'data-tone', s.tone);
  say(r.state, s.words);
  const at = clockTime(Date.parse(e.created));
  say(r.time, at.slice(0, 8));
  say(r.millis, at.slice(8));
  say(r.type, e.type || 'no EventType');
  const tag = e.duplicate ? 'duplicate' : e.unwanted ? 'unwanted' : e.resendOf ? 'resent' : e.copyOf ? 'copy' : '';
  hide(r.tag, !tag);
  say(r.tag, tag);
  say(r.subject, e.subject ?? '');
  say(r.mode, e.mode);
  say(r.tries, e.attempts ? '× ' + e.attempts : '');
  set(r.node, 'title', e.error ?? '');
  hide(r.bar, !e.leaseEnd);
  hide(r.took, !!e.leaseEnd);
  say(r.took, e.tookMs !== undefined ? span(e.tookMs) : '');
  if (e.leaseEnd) tickLease(r);
}

setInterval(() => {
  if (document.hidden) return;
  for (const r of pool) if (r.event?.leaseEnd) tickLease(r);
}, 250);

hear('changed', refresh);
hear('past', () => { seen = model.arrivals; });
hear('opened', repaint);
hear('filter', () => {
  viewport.scrollTop = 0;
  refresh();
});

viewport.addEventListener('scroll', repaint, { passive: true });
$('newer').addEventListener('click', () => { viewport.scrollTop = 0; grid.focus(); });

new ResizeObserver(([entry]) => {
  const width = entry.contentRect.width, stream = $('stream').classList;
  stream.toggle('narrow', width < 560);
  stream.toggle('medium', width >= 560 && width < 880);
  const height = width < 560 ? 56 : 36;
  if (height !== rowHeight) {
    const top = viewport.scrollTop / rowHeight;
    rowHeight = height;
    $('stream').style.setProperty('--row', height + 'px');
    for (const r of pool) r.index = -1;
    spacer.style.height = view.length * rowHeight + 'px';
    viewport.scrollTop = top * rowHeight;
  }
  refresh();
}).observe($('stream'));

function setCursor(id) {
  cursor = id;
  const i = indexOf(events.get(id)?.n);
  if (i >= 0) {
    const y = i * rowHeight, bottom = viewport.scrollTop + viewport.clientHeight - rowHeight;
    if (y < viewport.scrollTop) viewport.scrollTop = y;
    else if (y > bottom) viewport.scrollTop = y - viewport.clientHeight + rowHeight;
  }
  repaint();
}

export function step(by) {
  if (!view.length) return;
  const now = indexOf(events.get(cursor)?.n);
  const next = now < 0 ? Math.floor(viewport.scrollTop / rowHeight) : Math.min(view.length - 1, Math.max(0, now + by));
  setCursor(view[next].id);
  if (model.opened) open(view[next].id, false);
}

grid.addEventListener('focus', () => { if (!events.has(cursor) && view.length) setCursor(view[Math.floor(viewport.scrollTop / rowHeight)].id); });
grid.addEventListener('keydown', (k) => {
  if (k.target !== grid || k.ctrlKey || k.metaKey || k.altKey) return;
  const page = Math.max(1, Math.floor(viewport.clientHeight / rowHeight) - 1);
  const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[k.key];
  if (by !== undefined) step(by);
  else if (k.key === 'Enter' && cursor) open(cursor, true);
  else return;
  k.preventDefault();
});
