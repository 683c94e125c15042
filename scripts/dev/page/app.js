// The page of scripts/dev: the live stream of events, one event opened, the
// switches of the stand-in. It talks to the JSON API beside it and to nothing
// else. Bodies of events are handled as text from end to end, because an
// identifier above 2^53 would not survive JSON.parse.

// ---------------------------------------------------------------- small parts

const $ = (id) => document.getElementById(id);

/** Makes an element: attributes by name, text and nodes as children. */
function el(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) e.setAttribute(name, value === true ? '' : value);
  }
  e.append(...children.filter((c) => c !== undefined && c !== ''));
  return e;
}

const svgNS = 'http://www.w3.org/2000/svg';

function svg(tag, attributes, ...children) {
  const e = document.createElementNS(svgNS, tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...children);
  return e;
}

const icon = (name) => svg('svg', { class: 'icon', 'aria-hidden': 'true' }, svg('use', { href: '#' + name }));

// A text or an attribute that stands there already is not written again: it
// would cost the browser another look at its style.
const say = (node, text) => {
  if (!node.firstChild) node.append(text);
  else if (node.firstChild.data !== text) node.firstChild.data = text;
};
const set = (node, name, value) => { if (node.getAttribute(name) !== value) node.setAttribute(name, value); };
const hide = (node, hidden) => { if (node.hidden !== hidden) node.hidden = hidden; };

const count = new Intl.NumberFormat('en-US');
const plural = (n, one, many) => `${count.format(n)} ${n === 1 ? one : many}`;
const two = (n) => String(n).padStart(2, '0');

function clockTime(ms, millis = true) {
  const d = new Date(ms);
  const s = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  return millis ? `${s}.${String(d.getMilliseconds()).padStart(3, '0')}` : s;
}

/** A length of time for people: 61 ms, 5.2 s, 3 min 5 s, 4 d 1 h. */
function span(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60e3) return `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`;
  const parts = [[864e5, 'd'], [36e5, 'h'], [6e4, 'min'], [1e3, 's']];
  const first = parts.findIndex(([size]) => ms >= size);
  return parts.slice(first, first + 2).map(([size, unit], i) => [Math.floor((i ? ms % parts[first][0] : ms) / size), unit])
    .filter(([n]) => n).map((p) => p.join(' ')).join(' ');
}

function toast(text, bad = false) {
  const box = $('toasts');
  const close = el('button', { type: 'button', class: 'quiet', 'aria-label': 'Dismiss' }, icon('i-close'));
  const t = el('div', { class: 'toast', 'data-bad': bad }, el('p', {}, text), close);
  const drop = () => { t.remove(); if (!box.children.length && box.matches(':popover-open')) box.hidePopover(); };
  close.addEventListener('click', drop);
  setTimeout(drop, bad ? 12e3 : 5e3);
  while (box.children.length > 2) box.firstChild.remove();
  if (box.matches(':popover-open')) box.hidePopover(); // shown anew it lies above a dialog that opened meanwhile
  box.showPopover();
  box.append(t);
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied`);
  } catch {
    toast(`The browser does not let this page copy. Here it is:\n${text}`, true);
  }
}

/** A shell command with a button that copies it. */
function shell(command) {
  const button = el('button', { type: 'button', 'aria-label': 'Copy: ' + command.slice(0, 80) }, icon('i-copy'));
  button.addEventListener('click', () => copy(command, 'Command'));
  return el('div', { class: 'shell' }, el('pre', {}, command), button);
}

// Beside a number that a float would change stands its spelling.
class Exact {
  constructor(source) { this.source = source; }
  valueOf() { return Number(this.source); }
  toString() { return this.source; }
}
const exact = (_, value, context) =>
  typeof value === 'number' && context?.source !== undefined && String(value) !== context.source ? new Exact(context.source) : value;

/** Calls the API. Throws an Error whose message tells people what to do. */
async function api(method, path, body) {
  let answer;
  try {
    answer = await fetch('/api' + path, { method, body, headers: method === 'GET' ? {} : { 'Content-Type': 'application/json' } });
  } catch {
    throw new Error('dev does not answer. Is it still running?');
  }
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text, path.startsWith('/events/') ? exact : undefined);
  let problem = {};
  try { problem = JSON.parse(text); } catch { /* not ours: the status must do */ }
  throw new Error(problem.detail || problem.title || `dev answered ${answer.status}`);
}

const send = (method, path, value) => api(method, path, JSON.stringify(value));

/** Does something for a button, which is busy meanwhile; tells of an error. */
async function act(button, what) {
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  try {
    await what();
  } catch (e) {
    toast(e.message, true);
  } finally {
    button.removeAttribute('aria-busy');
  }
}

// ------------------------------------------------------------------- the events

const KEEP = 10000; // as many as dev keeps
const LEASE = 30e3;

const STATES = {
  'queued': ['queued', ''],
  'sent': ['sent', 'move'],
  'pulled': ['pulled', 'move'],
  'handled': ['handled', 'move'],
  'delivered': ['delivered', 'move'],
  'redelivered': ['redelivered', 'warn'],
  'timed out': ['expired', 'warn'],
  'confirmed': ['confirmed', 'done'],
  'answered': ['confirmed', 'done'],
  'parked': ['parked', 'bad'],
  'expired': ['expired', 'bad'],
  'failed': ['failed', 'bad'],
};

const events = new Map(); // id → event, as the API tells it
let order = [];           // oldest first
let arrivals = 0;
let offset = 0;           // of the stand-in's clock, in ms
let loaded = false;

/** Takes an event as it is now. Its n counts arrivals. */
function put(e) {
  const old = events.get(e.id);
  e.n = old ? old.n : ++arrivals;
  events.set(e.id, e);
  if (old) order[placeOf(e.n)] = e;
  else {
    order.push(e);
    tally.fresh++;
  }
  if (e.state !== old?.state && STATES[e.state]?.[1] === 'bad') tally.trouble.add(e.id);
}

function placeOf(n) {
  let from = 0, to = order.length - 1;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (order[middle].n < n) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** What the text filter looks through. */
const hay = (e) => e.hay ??= `${e.id} ${e.eventId} ${e.type} ${e.subject ?? ''} ${e.state} ${e.status ?? ''} ${e.error ?? ''}`.toLowerCase();

/** Forgets as dev does: the oldest that are through, then the oldest. */
function trim() {
  const over = order.length - KEEP;
  if (over <= 0) return;
  const through = order.filter((e) => e.tookMs !== undefined).slice(0, over);
  const gone = new Set(through.concat(order.filter((e) => e.tookMs === undefined).slice(0, over - through.length)));
  order = order.filter((e) => !gone.has(e));
  for (const e of gone) events.delete(e.id);
}

const secondsLeft = (e) => (Date.parse(e.leaseEnd) - Date.now() - offset) / 1000;

/** The state in words, and whether it is good or bad. */
function stateOf(e) {
  const [sign, tone] = STATES[e.state] ?? ['queued', ''];
  if (e.state === 'answered' && e.status && e.status !== 200) return { sign: 'failed', tone: 'bad', words: `answered ${e.status}` };
  return { sign, tone, words: e.state };
}

function stateNode(e) {
  const s = stateOf(e);
  return el('span', { class: 'state', 'data-tone': s.tone }, svg('svg', { 'aria-hidden': 'true' }, svg('use', { href: '#s-' + s.sign })), el('span', {}, s.words));
}

// ----------------------------------------------------------------- the connection

const connection = { source: null, tries: 0, retryAt: 0, heard: 0, buffer: null, timer: 0, everLost: false };

function connect() {
  clearTimeout(connection.timer);
  connection.source?.close();
  const source = connection.source = new EventSource('/api/stream');
  connection.buffer = [];
  const on = (name, take) => source.addEventListener(name, (m) => {
    connection.heard = Date.now();
    take(JSON.parse(m.data));
  });
  on('change', (m) => connection.buffer ? connection.buffer.push(...m.events) : changed(m.events));
  on('log', (m) => { if (m.logs.some((l) => l.event === opened)) reload(); });
  on('figures', (m) => addFigures(m));
  on('state', (m) => { settings.config.take(m.config); settings.faults.take(m.faults); });
  source.onopen = () => begin(source);
  source.onerror = () => lost(source);
  connection.heard = Date.now();
}

/** Takes what there was before the stream, then what came meanwhile. */
async function begin(source) {
  try {
    const [list, past] = await Promise.all([api('GET', `/events?limit=${KEEP}`), api('GET', '/figures')]);
    if (source !== connection.source) return;
    events.clear();
    order = [];
    list.events.reverse().forEach(put);
    seen = arrivals;
    series = past.series;
    totals = past.totals;
    drawFigures();
  } catch {
    return lost(source);
  }
  const missed = connection.buffer;
  connection.buffer = null;
  loaded = true;
  tally.fresh = 0;
  tally.trouble.clear();
  changed(missed);
  if (connection.everLost) toast('Connected again');
  connection.tries = 0;
  connection.heard = Date.now();
  showConnection('live');
  const linked = decodeURIComponent(location.hash.slice(1));
  if (opened && !events.has(opened)) closeDetail();
  else if (opened) reload();
  else if (events.has(linked)) open(linked, false);
}

function lost(source) {
  if (source !== connection.source) return;
  source.close();
  connection.source = null;
  connection.everLost = true;
  const wait = Math.min(5000, 500 * 2 ** connection.tries++);
  connection.retryAt = Date.now() + wait;
  connection.timer = setTimeout(connect, wait);
  showConnection('lost');
}

function showConnection(state) {
  $('conn').dataset.state = state;
  $('conn-text').textContent = { live: 'live', lost: 'connection lost', connecting: 'connecting' }[state];
  $('lost').hidden = state !== 'lost';
  $('lost-text').textContent = 'What you see may be out of date. The page tries again by itself; if dev was stopped, start it anew.';
  document.title = state === 'lost' ? 'Connection lost – vodevents' : 'vodevents';
}

$('retry').addEventListener('click', connect);
addEventListener('online', () => connection.source || connect());
document.addEventListener('visibilitychange', () => document.hidden || connection.source || connect());

// dev tells its figures each second: without a word for 12 s it is not there.
setInterval(() => {
  if (connection.source && Date.now() - connection.heard > 12e3) lost(connection.source);
}, 2000);

function changed(list) {
  for (const e of list) {
    put(e);
    if (e.id === opened) reload();
  }
  trim();
  refresh();
}

// ---------------------------------------------------------------------- the list

const filter = { text: '', type: '', states: new Set(), inBody: new Set() };
let view = [];      // events that fit the filter, newest first
let cursor = null;  // id of the event that the keys are on
let seen = 0;       // the newest arrival that the reader had in sight
let rowHeight = 36;
const pool = [];
const grid = $('grid'), viewport = $('viewport'), spacer = $('spacer');

let framed = false, stale = false;

/** Builds the view anew at the next frame; repaint only paints it. */
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
  const counts = new Map();
  const { text, type, states, inBody } = filter;
  view = [];
  for (let i = order.length - 1; i >= 0; i--) {
    const e = order[i];
    if (type && e.type !== type || text && !hay(e).includes(text) && !inBody.has(e.id)) continue;
    counts.set(e.state, (counts.get(e.state) ?? 0) + 1);
    if (!states.size || states.has(e.state)) view.push(e);
  }
  spacer.style.height = view.length * rowHeight + 'px';
  grid.setAttribute('aria-rowcount', view.length + 1);
  if (anchor) { // what the reader looks at stays where it is
    const now = indexOf(anchor.n);
    if (now > top) viewport.scrollTop += (now - top) * rowHeight;
  }
  showChips(counts);
  showTypes();
  const filtered = text || type || states.size;
  $('empty').hidden = !loaded || order.length > 0;
  $('none').hidden = !loaded || !order.length || view.length > 0;
  $('matched').textContent = !order.length ? '' : filtered ? `${count.format(view.length)} of ${plural(order.length, 'event', 'events')}` : plural(order.length, 'event', 'events');
}

function newRow() {
  const cell = (name) => el('span', { class: 'c-' + name, role: 'gridcell' });
  const use = svg('use', {});
  const r = {
    node: el('div', { class: 'event cells', role: 'row', id: 'row-' + pool.length }),
    time: el('span'), millis: el('small'), state: el('span'), use, type: el('span'), subject: el('bdi', { dir: 'ltr' }), mode: cell('mode'), tries: cell('tries'), lease: cell('lease'),
    left: el('div', { class: 'lease-left' }), seconds: el('span'), tag: el('span', { class: 'tag' }),
  };
  r.stateCell = el('span', { class: 'c-state state', role: 'gridcell' }, svg('svg', { 'aria-hidden': 'true' }, use), r.state);
  r.typeCell = el('span', { class: 'c-type', role: 'gridcell' }, r.type, r.tag);
  r.bar = el('div', { class: 'lease' }, el('div', { class: 'lease-track' }, r.left), r.seconds);
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
    const isOpen = e.id === opened, isCursor = e.id === cursor;
    if (r.isOpen !== isOpen) r.node.setAttribute('aria-selected', r.isOpen = isOpen);
    if (r.isCursor !== isCursor) r.node.toggleAttribute('data-cursor', r.isCursor = isCursor);
    if (isCursor) active = r.node.id;
  }
  active ? grid.setAttribute('aria-activedescendant', active) : grid.removeAttribute('aria-activedescendant');

  if (y < rowHeight) seen = arrivals;
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
  const tag = e.duplicate ? 'duplicate' : e.resendOf ? 'resent' : e.copyOf ? 'copy' : '';
  hide(r.tag, !tag);
  say(r.tag, tag);
  say(r.subject, e.subject ?? '');
  say(r.mode, e.mode);
  say(r.tries, e.attempts ? '× ' + e.attempts : '');
  set(r.node, 'title', e.error ?? '');
  hide(r.bar, !e.leaseEnd);
  hide(r.took, !!e.leaseEnd);
  say(r.took, e.tookMs !== undefined ? span(e.tookMs) : '');
  if (e.leaseEnd) tick(r);
}

function tick(r) {
  const s = Math.max(0, secondsLeft(r.event));
  r.left.style.setProperty('--left', Math.min(1, s * 1000 / LEASE).toFixed(3));
  say(r.seconds, Math.ceil(s) + ' s');
  r.bar.toggleAttribute('data-late', s < 5);
}

setInterval(() => {
  if (document.hidden) return;
  for (const r of pool) if (r.event?.leaseEnd) tick(r);
  const e = opened && events.get(opened);
  if (e?.leaseEnd && facts.bar) tick(Object.assign(facts.bar, { event: e }));
  showClock();
}, 250);

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

// ------------------------------------------------------------ the keys in the list

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

function step(by) {
  if (!view.length) return;
  const now = indexOf(events.get(cursor)?.n);
  const next = now < 0 ? Math.floor(viewport.scrollTop / rowHeight) : Math.min(view.length - 1, Math.max(0, now + by));
  setCursor(view[next].id);
  if (opened) open(view[next].id, false);
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

// --------------------------------------------------------------------- the filter

const chips = new Map(); // state → its button and its count

function showChips(counts) {
  for (const state of Object.keys(STATES)) {
    const n = counts.get(state) ?? 0;
    let chip = chips.get(state);
    if (!chip) {
      if (!n) continue;
      const number = el('span', { class: 'count' });
      const button = el('button', { type: 'button', 'aria-pressed': 'false', 'data-state': state }, svg('svg', { 'aria-hidden': 'true' }, svg('use', { href: '#s-' + STATES[state][0] })), state, number);
      button.addEventListener('click', () => {
        filter.states.delete(state) || filter.states.add(state);
        refilter();
      });
      chip = { button, number };
      chips.set(state, chip);
      const after = Object.keys(STATES).slice(Object.keys(STATES).indexOf(state) + 1).find((s) => chips.has(s));
      $('states').insertBefore(button, after ? chips.get(after).button : null);
    }
    chip.number.textContent = count.format(n);
    chip.button.setAttribute('aria-pressed', filter.states.has(state));
  }
}

const types = new Set();

function showTypes() {
  let fresh = false;
  for (const e of order) if (!types.has(e.type)) { types.add(e.type); fresh = true; }
  if (!fresh) return;
  $('type').replaceChildren(el('option', { value: '' }, 'All types'), ...[...types].filter(Boolean).sort().map((t) => el('option', { value: t }, t)));
  $('type').value = filter.type;
}

function refilter() {
  viewport.scrollTop = 0;
  refresh();
}

let asked;
$('q').addEventListener('input', () => {
  filter.text = $('q').value.trim().toLowerCase();
  filter.inBody = new Set();
  refilter();
  // The list knows the heads of the events, dev knows their bodies as well.
  clearTimeout(asked);
  if (filter.text.length > 1) asked = setTimeout(searchBodies, 250, filter.text);
});

async function searchBodies(text) {
  const found = await api('GET', `/events?limit=1000&q=${encodeURIComponent(text)}`).catch(() => ({ events: [] }));
  if (text !== filter.text) return;
  filter.inBody = new Set(found.events.map((e) => e.id));
  refresh();
}

$('q').addEventListener('keydown', (k) => {
  if (k.key === 'Escape' && $('q').value) {
    $('q').value = '';
    $('q').dispatchEvent(new Event('input'));
  } else if (k.key === 'Escape' || k.key === 'Enter' || k.key === 'ArrowDown') {
    grid.focus();
  } else return;
  k.preventDefault();
  k.stopPropagation();
});
$('type').addEventListener('change', () => { filter.type = $('type').value; refilter(); });
$('unfilter').addEventListener('click', () => {
  $('q').value = $('type').value = filter.text = filter.type = '';
  filter.states.clear();
  refilter();
  grid.focus();
});

// ------------------------------------------------- what a screen reader is told

const tally = { fresh: 0, trouble: new Set() };
setInterval(() => {
  if (!tally.fresh && !tally.trouble.size) return;
  const parts = [];
  if (tally.fresh) parts.push(plural(tally.fresh, 'new event', 'new events'));
  if (tally.trouble.size) parts.push(plural(tally.trouble.size, 'event', 'events') + ' parked or failed');
  if (loaded) $('live').textContent = parts.join(', ');
  tally.fresh = 0;
  tally.trouble.clear();
}, 5000);

// -------------------------------------------------------------------- the figures

const SECONDS = 120, HEIGHT = 28;
let series = [], totals = {};

function addFigures({ totals: t, point }) {
  totals = t;
  if (point.t === series.at(-1)?.t) series.pop();
  series.push(point);
  if (series.length > 300) series.shift();
  drawFigures();
}

function drawFigures() {
  if (document.hidden) return;
  const end = series.at(-1)?.t ?? 0;
  const recent = series.filter((p) => p.t > end - SECONDS);
  const last = recent.slice(-5);
  const rate = last.length ? last.reduce((sum, p) => sum + p.out, 0) / last.length : 0;
  const most = (name) => recent.reduce((m, p) => Math.max(m, p[name] ?? 0), 0);
  const x = (p) => SECONDS - (end - p.t);
  const y = (v, max) => (HEIGHT - v / Math.max(max, 1) * (HEIGHT - 2)).toFixed(1);
  const base = svg('path', { class: 'chart-base', d: `M0 ${HEIGHT}H${SECONDS}` });

  const line = (name, max) => {
    const d = recent.filter((p) => p[name] !== undefined).map((p) => `${x(p)} ${y(p[name], max)}`).join('L');
    return d && `M${d}h.01`; // h: a single point is seen too
  };
  const area = (name) => {
    const max = most(name), d = line(name, max);
    return d ? [svg('path', { class: 'chart-area', d: `${d}V${HEIGHT}H${x(recent[0])}z` }), base, svg('path', { class: 'chart-line', d })] : [base];
  };
  const bars = (name) => {
    const max = most(name);
    return [base, svg('path', { class: 'chart-bars', d: recent.filter((p) => p[name]).map((p) => `M${x(p)} ${HEIGHT}V${y(p[name], max)}`).join('') })];
  };

  figure('rate', [rate >= 10 || rate === 0 ? Math.round(rate) : rate.toFixed(1)], area('out'), `at most ${most('out')} in a second`);
  figure('backlog', [totals.backlog ?? 0], area('backlog'), `at most ${most('backlog')}`);
  $('backlog-unit').textContent = totals.leased ? `of them ${count.format(totals.leased)} leased` : 'in the queue';
  figure('misses', [totals.leaseMisses ?? 0], bars('leaseMisses'), `${recent.reduce((s, p) => s + (p.leaseMisses ?? 0), 0)} within two minutes`);
  figure('duplicates', [totals.duplicates ?? 0], bars('duplicates'), `${recent.reduce((s, p) => s + (p.duplicates ?? 0), 0)} within two minutes`);
  const slowest = most('p99Ms');
  const took = (ms) => ms === undefined || !totals.through ? '–' : span(ms);
  figure('took', [took(totals.p50Ms), took(totals.p99Ms)],
    [base, svg('path', { class: 'chart-line second', d: line('p99Ms', slowest) }), svg('path', { class: 'chart-line', d: line('p50Ms', slowest) })], `slowest second: ${span(slowest)}`);
}

function figure(name, values, marks, words) {
  const f = document.querySelector(`[data-figure="${name}"]`);
  const text = values.map((v) => typeof v === 'number' ? count.format(v) : v);
  f.querySelectorAll('output').forEach((o, i) => say(o, text[i]));
  const chart = f.querySelector('svg');
  chart.setAttribute('viewBox', `0 0 ${SECONDS} ${HEIGHT}`);
  chart.setAttribute('aria-label', `The last two minutes: ${words}`);
  chart.replaceChildren(...marks);
}

// ------------------------------------------------------------------------ JSON

/**
 * Reads JSON into lines, one for each thing that stands on a line of its own
 * when printed. Every scalar keeps its spelling. Gives either lines or the
 * error with its place.
 */
function readJSON(text) {
  const lines = [], stack = [];
  let at = 0, key = null, keyStart = 0, want = 'value';

  const bad = (message, where = at) => {
    const before = text.slice(0, where).split('\n');
    return { error: message, line: before.length, column: before.at(-1).length + 1 };
  };
  const space = () => { while (at < text.length && ' \t\n\r'.includes(text[at])) at++; };
  /** The end of the string that begins at `at`, or -1. */
  const stringEnd = () => {
    for (let i = at + 1; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === 34) return i + 1;
      if (c < 32) return -1;
      if (c === 92) {
        const e = text[++i];
        if (e === 'u' && /^[0-9a-fA-F]{4}$/.test(text.slice(i + 1, i + 5))) i += 4;
        else if (!e || !'"\\/bfnrt'.includes(e)) return -1;
      }
    }
    return -1;
  };
  const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
  const add = (line) => {
    const parent = stack.at(-1);
    if (parent) parent.size++;
    lines.push(Object.assign(line, { depth: stack.length, key, parent, start: at, keyStart: key === null ? at : keyStart }));
    key = null;
    want = stack.length ? 'more' : 'end';
  };
  const close = () => {
    const open = stack.pop();
    at++;
    open.stop = at;
    if (open.size) {
      open.end = lines.length;
      lines.push({ depth: stack.length, key: null, parent: stack.at(-1), raw: text[at - 1], kind: 'mark', of: open });
    } else { // {} and [] stand on one line
      open.raw = open.open + text[at - 1];
      open.kind = 'mark';
      open.open = undefined;
    }
    want = stack.length ? 'more' : 'end';
  };

  for (;;) {
    space();
    const c = text[at];
    if (want === 'end') return c === undefined ? { lines } : bad('Something follows the end of the JSON.');
    if (c === undefined) return bad(text.trim() ? 'The JSON ends too early.' : 'There is no JSON yet.');
    const container = stack.at(-1);
    const closer = container && (container.open === '{' ? '}' : ']');
    if (want === 'more') {
      if (c === closer) close();
      else if (c === ',') {
        at++;
        const before = lines.at(-1);
        before.comma = true;
        if (before.of) before.of.comma = true;
        want = container.open === '{' ? 'key' : 'value';
      } else return bad(`Here should be a comma or ${closer}`);
    } else if (want.startsWith('key')) {
      if (c === closer && want === 'key?') { close(); continue; }
      const end = c === '"' ? stringEnd() : -1;
      if (end < 0) return bad(c === '"' ? 'This name does not end, or holds a bad character.' : 'Here should be a name in double quotes.');
      key = text.slice(at, end);
      keyStart = at;
      at = end;
      space();
      if (text[at] !== ':') return bad('Here should be a colon.');
      at++;
      want = 'value';
    } else if (c === ']' && want === 'value?') {
      close();
    } else if (c === '{' || c === '[') {
      const line = { open: c, size: 0 };
      add(line);
      stack.push(line);
      at++;
      want = c === '{' ? 'key?' : 'value?';
    } else {
      scalar.lastIndex = at;
      const end = c === '"' ? stringEnd() : scalar.test(text) ? scalar.lastIndex : -1;
      if (end < 0) return bad(c === '"' ? 'This string does not end, or holds a bad character.' : 'This is no JSON value.');
      const raw = text.slice(at, end);
      add({ raw, kind: c === '"' ? 'string' : c === '-' || c >= '0' && c <= '9' ? 'number' : 'literal' });
      lines.at(-1).stop = at = end;
    }
  }
}

const printed = (lines, depth = 0) => lines.map((l) =>
  '  '.repeat(l.depth - depth) + (l.key === null ? '' : l.key + ': ') + (l.open ?? l.raw + (l.comma ? ',' : ''))).join('\n');

/** The members of an object that begins at lines[i]: key → its lines. */
function membersOf(lines, i) {
  const members = new Map();
  for (let n = i + 1; n < lines[i].end;) {
    const end = lines[n].open ? lines[n].end : n;
    members.set(lines[n].key, lines.slice(n, end + 1));
    n = end + 1;
  }
  return members;
}

const AT_ONCE = 2000; // lines of JSON shown before a button shows more

/** JSON to read: folded, searchable, by mouse and by keys. */
class JSONView {
  constructor(place, label) {
    this.search = el('input', { type: 'search', placeholder: 'Search', 'aria-label': `Search in ${label}`, autocomplete: 'off', spellcheck: 'false' });
    this.found = el('span', { class: 'found', role: 'status' });
    this.steps = el('span', { class: 'steps', hidden: true });
    const button = (text, does, label) => {
      const b = el('button', { type: 'button', class: 'quiet', 'aria-label': label ?? false }, text);
      b.addEventListener('click', does);
      return b;
    };
    this.tree = el('div', { class: 'json', role: 'tree', 'aria-label': label });
    this.tools = el('div', { class: 'json-tools' }, el('div', { class: 'search' }, icon('i-search'), this.search), this.steps,
      button('Fold', () => this.foldAll(1), 'Fold all'), button('Unfold', () => this.foldAll(Infinity), 'Unfold all'), button('Copy', () => copy(this.text, label)));
    this.steps.append(this.found, button('↑', () => this.nextHit(-1), 'Previous match'), button('↓', () => this.nextHit(1), 'Next match'));
    this.none = el('p', { class: 'none' });
    place.append(this.tools, this.tree, this.none);
    this.search.addEventListener('input', () => this.find());
    this.search.addEventListener('keydown', (k) => {
      if (k.key === 'Enter') { k.preventDefault(); this.nextHit(k.shiftKey ? -1 : 1); }
      if (k.key === 'Escape' && this.search.value) { k.preventDefault(); k.stopPropagation(); this.search.value = ''; this.find(); }
    });
    this.tree.addEventListener('click', (c) => {
      const n = c.target.closest('.line')?.dataset.n;
      if (n !== undefined && !getSelection().toString()) this.toggle(+n, this.lines[n].folded);
    });
    this.tree.addEventListener('keydown', (k) => this.key(k));
  }

  /** Shows a text; the same text again leaves folds and search as they are. */
  show(text, otherwise) {
    if (text === this.text && otherwise === this.otherwise) return;
    this.text = text;
    this.otherwise = otherwise;
    const read = text === undefined ? {} : readJSON(text);
    this.lines = read.lines ?? [];
    this.tools.hidden = !read.lines;
    this.none.textContent = text === undefined ? otherwise : '';
    this.current = 0;
    this.limit = AT_ONCE;
    if (this.lines.length > 200) for (const l of this.lines) l.folded = l.open && l.depth > 2;
    if (read.error) this.tree.replaceChildren(el('div', { class: 'line', role: 'treeitem' }, text));
    else this.find(false);
  }

  find(move = true) {
    const q = this.query = this.search.value.toLowerCase();
    this.hits = [];
    if (q) {
      for (const [n, l] of this.lines.entries()) {
        if (!l.of && ((l.key ?? '') + (l.open ? '' : ' ' + l.raw)).toLowerCase().includes(q)) {
          this.hits.push(n);
          for (let p = l.parent; p; p = p.parent) p.folded = false;
        }
      }
    }
    this.hit = 0;
    if (q && this.hits.length && move) this.goTo(this.hits[0]);
    else this.draw();
    this.count();
  }

  count() {
    this.steps.hidden = !this.query;
    this.found.textContent = !this.query ? '' : this.hits.length ? `${this.hit + 1} of ${this.hits.length}` : 'none';
  }

  nextHit(by) {
    if (!this.hits.length) return;
    this.hit = (this.hit + by + this.hits.length) % this.hits.length;
    this.goTo(this.hits[this.hit]);
    this.count();
  }

  goTo(n) {
    for (let p = this.lines[n].parent; p; p = p.parent) p.folded = false;
    this.current = n;
    this.draw();
    this.node(n)?.scrollIntoView({ block: 'nearest' });
  }

  node(n) { return this.tree.querySelector(`[data-n="${n}"]`); }

  foldAll(depth) {
    for (const l of this.lines) l.folded = !!l.open && l.depth >= depth;
    this.current = 0;
    this.draw();
  }

  toggle(n, open) {
    const l = this.lines[n];
    if (!l?.open) return;
    l.folded = !open;
    this.current = n;
    this.draw();
    this.node(n).focus({ preventScroll: true });
  }

  draw() {
    const shown = [];
    let more = false;
    for (let n = 0; n < this.lines.length; n++) {
      if (shown.length >= this.limit && n > this.current) { more = true; break; }
      shown.push(this.line(n));
      if (this.lines[n].folded) n = this.lines[n].end;
    }
    if (more) {
      const b = el('button', { type: 'button' }, `Show ${count.format(AT_ONCE)} more lines`);
      b.addEventListener('click', (c) => { c.stopPropagation(); this.limit += AT_ONCE; this.draw(); });
      shown.push(b);
    }
    this.tree.replaceChildren(...shown);
  }

  line(n) {
    const l = this.lines[n];
    const node = el('div', { class: 'line', 'data-n': n, ...(l.of ? { role: 'none' } : { role: 'treeitem', 'aria-level': l.depth + 1, tabindex: n === this.current ? '0' : '-1' }) });
    node.style.setProperty('--depth', l.depth);
    if (l.open) node.setAttribute('aria-expanded', !l.folded);
    if (this.query && n === this.hits[this.hit]) node.setAttribute('data-hit', '');
    if (l.key !== null) node.append(...this.marked(l.key, 'j-key'), el('span', { class: 'j-mark' }, ': '));
    if (!l.open) node.append(...this.marked(l.raw, 'j-' + l.kind));
    else node.append(el('span', { class: 'j-mark' }, l.folded ? `${l.open} ${count.format(l.size)} ${l.open === '{' ? '}' : ']'}` : l.open));
    if (l.comma && (!l.open || l.folded)) node.append(el('span', { class: 'j-mark' }, ','));
    return node;
  }

  /** A text in its colour, with the matches of the search marked. */
  marked(text, kind) {
    const parts = el('span', { class: kind });
    let from = 0;
    if (this.query) {
      const low = text.toLowerCase();
      for (let i = low.indexOf(this.query); i >= 0; i = low.indexOf(this.query, from)) {
        parts.append(text.slice(from, i), el('mark', {}, text.slice(i, i + this.query.length)));
        from = i + this.query.length;
      }
    }
    parts.append(text.slice(from));
    return [parts];
  }

  key(k) {
    if (k.ctrlKey || k.metaKey || k.altKey) return;
    const nodes = [...this.tree.querySelectorAll('[role="treeitem"]')];
    const i = nodes.indexOf(document.activeElement);
    if (i < 0) return;
    const n = +nodes[i].dataset.n, l = this.lines[n];
    const to = (node) => {
      if (!node) return;
      nodes[i].tabIndex = -1;
      node.tabIndex = 0;
      this.current = +node.dataset.n;
      node.focus();
    };
    switch (k.key) {
      case 'ArrowDown': to(nodes[i + 1]); break;
      case 'ArrowUp': to(nodes[i - 1]); break;
      case 'Home': to(nodes[0]); break;
      case 'End': to(nodes.at(-1)); break;
      case 'ArrowRight': l.folded ? this.toggle(n, true) : l.open && to(nodes[i + 1]); break;
      case 'ArrowLeft': l.open && !l.folded ? this.toggle(n, false) : l.parent && to(this.node(this.lines.indexOf(l.parent))); break;
      case 'Enter': case ' ': this.toggle(n, l.folded); break;
      default: return;
    }
    k.preventDefault();
  }
}

// ---------------------------------------------------------------- one event opened

const detail = $('detail');
const wide = matchMedia('(width >= 860px)');
const bodyView = new JSONView($('panel-body'), 'the event');
const cloudView = new JSONView($('panel-cloud'), 'the CloudEvent');
const facts = { bar: null };
let opened = null;  // id
let details = null; // as the API told it
let pending = false;

/** Opens an event; takes the focus there when asked to, as Enter does. */
function open(id, focus) {
  if (opened !== id) {
    opened = id;
    details = null;
    detail.scrollTop = 0;
    showHead(events.get(id));
    $('history').replaceChildren();
    bodyView.show(undefined, '');
    cloudView.show(undefined, '');
    showLogs([]);
    history.replaceState(null, '', '#' + encodeURIComponent(id));
    reload(true);
  }
  placeDetail();
  if (focus) $('d-type').focus({ preventScroll: true });
  repaint();
}

function closeDetail() {
  if (!opened) return;
  opened = details = null;
  history.replaceState(null, '', location.pathname);
  detail.open && detail.close();
  grid.focus({ preventScroll: true });
  repaint();
}

/** Beside the list where there is room, before everything where there is none. */
function placeDetail() {
  if (!opened || detail.open && detail.matches(':modal') === !wide.matches) return;
  if (detail.open) detail.close();
  detail.setAttribute('role', wide.matches ? 'region' : 'dialog');
  wide.matches ? detail.setAttribute('open', '') : detail.showModal();
}
wide.addEventListener('change', placeDetail);
detail.addEventListener('close', () => detail.open || closeDetail());

/** Asks for the open event again, a few times a second at most. */
function reload(now) {
  if (pending && !now) return;
  pending = true;
  setTimeout(async () => {
    pending = false;
    const id = opened;
    if (!id) return;
    try {
      const d = await api('GET', '/events/' + encodeURIComponent(id));
      if (id === opened) showDetail(details = d);
    } catch (e) {
      if (id === opened) showTrouble(e.message);
    }
  }, now ? 0 : 200);
}

function showTrouble(text, tone = 'bad') {
  $('d-error').hidden = !text;
  $('d-error').dataset.tone = tone;
  $('d-error').textContent = text ?? '';
}

function showHead(e) {
  $('d-type').textContent = e.type || 'No EventType';
  $('d-subject').textContent = e.subject ?? `event ${e.id}`;
  const parts = [stateNode(e)];
  facts.bar = null;
  if (e.leaseEnd) {
    const left = el('div', { class: 'lease-left' }), seconds = el('span');
    const bar = el('div', { class: 'lease' }, el('div', { class: 'lease-track' }, left), seconds);
    facts.bar = { left, seconds, bar, event: e };
    tick(facts.bar);
    parts.push(bar);
  }
  parts.push(el('span', {}, e.mode));
  if (e.attempts) parts.push(el('span', {}, plural(e.attempts, 'try', 'tries')));
  if (e.tookMs !== undefined) parts.push(el('span', {}, `took ${span(e.tookMs)}`));
  if (e.duplicate) parts.push(el('span', {}, 'a duplicate: not delivered again'));
  if (e.resendOf) parts.push(el('span', {}, `resent from ${e.resendOf}`));
  if (e.copyOf) parts.push(el('span', {}, `a copy of ${e.copyOf}`));
  $('d-facts').replaceChildren(...parts);
  showTrouble(e.error, stateOf(e).tone);
}

function showDetail(d) {
  showHead(d);
  let before;
  const steps = $('history'), atEnd = steps.scrollTop + steps.clientHeight > steps.scrollHeight - 4;
  steps.replaceChildren(...d.history.map((h) => {
    const at = Date.parse(h.time);
    const delta = before === undefined ? '' : '+' + span(at - before);
    before = at;
    const text = h.text ?? [h.attempt > 1 && `try ${h.attempt}`, h.status && `status ${h.status}`].filter(Boolean).join(', ');
    return el('li', {}, el('time', { datetime: h.time }, clockTime(at)), stateNode(h), el('span', { class: 'text' }, text), el('span', { class: 'delta' }, delta));
  }));
  if (atEnd) steps.scrollTop = steps.scrollHeight;
  bodyView.show(d.body, 'No body is kept.');
  cloudView.show(d.cloudEvent, 'Nothing came out of the functions yet.');
  showLogs(d.logs ?? []);
}

/** A value as JSON, numbers as they were spelled. */
const spelled = (v) => v === null || typeof v !== 'object' ? JSON.stringify(v)
  : v instanceof Exact ? v.source
  : Array.isArray(v) ? `[${v.map(spelled).join()}]` : `{${Object.entries(v).map(([k, x]) => `${JSON.stringify(k)}:${spelled(x)}`).join()}}`;

/** An attribute of a log line, without quotes where it needs none. */
const plain = (v) => typeof v === 'string' && /^[^\s"=]+$/.test(v) ? v : spelled(v);

function showLogs(logs) {
  $('log-count').textContent = logs.length ? count.format(logs.length) : '';
  $('panel-log').replaceChildren(logs.length
    ? el('ol', { class: 'log' }, ...logs.map((l) => el('li', { class: 'level-' + l.level },
      el('p', { class: 'log-head' }, el('time', { datetime: l.time }, clockTime(Date.parse(l.time))), el('b', {}, l.level.toLowerCase()), el('span', {}, l.function)),
      el('p', { class: 'message' }, l.message),
      el('p', { class: 'attrs' }, Object.entries(l.attrs ?? {}).map(([k, v]) => `${k}=${plain(v)}`).join('  ')))))
    : el('p', { class: 'none' }, 'The functions have logged nothing of this event.'));
}

const tabs = [...detail.querySelectorAll('[role="tab"]')];
function selectTab(tab) {
  for (const t of tabs) {
    t.setAttribute('aria-selected', t === tab);
    t.tabIndex = t === tab ? 0 : -1;
    $(t.getAttribute('aria-controls')).hidden = t !== tab;
  }
}
for (const [i, tab] of tabs.entries()) {
  tab.addEventListener('click', () => selectTab(tab));
  tab.addEventListener('keydown', (k) => {
    const to = { ArrowRight: i + 1, ArrowLeft: i - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[k.key];
    if (to === undefined) return;
    k.preventDefault();
    selectTab(tabs[to % tabs.length]);
    tabs[to % tabs.length].focus();
  });
}

const sentTo = { reliable: 'put into the queue', normal: 'sent by push' };
const reportSent = (answer, mode) => toast(`${plural(answer.count, 'event', 'events')} ${sentTo[mode] ?? 'sent'}`);

$('resend').addEventListener('click', () => act($('resend'), async () => {
  const mode = events.get(opened)?.mode;
  reportSent(await api('POST', `/events/${encodeURIComponent(opened)}/resend`), mode);
}));
$('edit').addEventListener('click', () => act($('edit'), async () => {
  const d = details ?? await api('GET', '/events/' + encodeURIComponent(opened));
  openSend(d);
}));
$('curl').addEventListener('click', () => act($('curl'), async () => copy((await api('GET', '/events/' + encodeURIComponent(opened))).curl, 'curl line')));

// ------------------------------------------------------------------ send an event

const sendDialog = $('send'), form = $('send-form'), editor = $('json');
const sending = { resend: null, kinds: null, sample: null };

/** Opens the form: for a new event, or to edit and resend one. */
async function openSend(event) {
  sending.resend = event ?? null;
  $('send-title').textContent = event ? 'Edit and resend' : 'Send an event';
  $('send-now').textContent = event ? 'Resend' : 'Send';
  $('kind-field').hidden = $('how-many').hidden = !!event;
  form.elements.n.value = '1';
  form.elements.way.value = config.real ? 'normal' : event ? event.mode : config.Mode === 'PUSH' ? 'normal' : 'reliable';
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
      $('kind').replaceChildren(...sending.kinds.map((k) => el('option', { value: k.type }, k.type)));
      useSample(sending.kinds[0]);
    } catch (e) {
      toast(e.message, true);
    }
  }
}

function useSample(kind) {
  sending.sample = kind;
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
      path = `/events/${encodeURIComponent(sending.resend.id)}/resend?mode=${mode}`;
    } else if (n !== '1' && form.elements.same.value === '') {
      body = overrides(read);
      if (body === null) return complain('Different events are made from the kind: change only members of its payload, or send them all the same.');
      path += `&kind=${encodeURIComponent(sending.sample.type)}`;
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

// --------------------------------------------------------------------- the switches

let config = {}, faults = [], sink = {};

/** What can be set: shown as dev tells it, and changed by one PUT at a time. */
class Setting {
  constructor(path, show) { Object.assign(this, { path, show, truth: null, wishes: null, busy: false }); }

  /** Takes what dev tells, unless a wish on its way is newer. */
  take(value) {
    if (this.busy) return;
    this.truth = value;
    this.show(value);
  }

  async put(wish) {
    this.wishes = { ...this.wishes, ...wish };
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.wishes) {
        const value = this.wishes;
        this.wishes = null;
        this.truth = await send('PUT', this.path, value);
      }
    } catch (e) {
      toast(e.message, true);
    }
    this.busy = false;
    this.take(this.truth);
  }
}
const settings = { config: new Setting('/config', showConfig), faults: new Setting('/faults', showFaults) };

function showConfig(c) {
  config = c;
  offset = c.clock?.offsetMs ?? 0;
  for (const e of document.querySelectorAll('[data-standin]')) e.hidden = c.real;
  $('where').textContent = c.real ? 'the real VOD' : 'local stand-in';
  for (const radio of document.querySelectorAll('[name="Mode"]')) radio.checked = radio.value === c.Mode;
  $('mode-hint').textContent = c.Mode === 'PUSH' ? `Each event is sent to ${c.NotificationUrl || 'nowhere: there is no NotificationUrl'}` : 'Events wait in the queue until pull confirms them.';
  for (const s of document.querySelectorAll('[data-config]')) s.checked = c[s.dataset.config] === true || c[s.dataset.config] === 'ON';
  const every = $('every');
  if (![...every.options].some((o) => o.value === c.every)) every.append(el('option', { value: c.every }, 'every ' + c.every));
  every.value = c.every;
  $('env').replaceChildren(...(c.variables ?? []).map((v) => el('div', {}, el('dt', {}, v.name), el('dd', {}, v.value || '–'))));
  showClock();
}

function showClock() {
  say($('clock'), clockTime(Date.now() + offset, false));
  say($('clock-offset'), offset ? `${span(offset)} ahead` : 'real time');
  const wait = config.next ? Date.parse(config.next) - Date.now() : NaN;
  say($('timer-next'), config.every === 'off' ? 'The timer is off; fire it by hand.' : wait > 1500 ? `Fires in ${Math.ceil(wait / 1000)} s` : 'Fires by itself');
}

for (const radio of document.querySelectorAll('[name="Mode"]')) radio.addEventListener('change', () => settings.config.put({ Mode: radio.value }));
for (const s of document.querySelectorAll('[data-config]')) {
  const name = s.dataset.config;
  s.addEventListener('change', () => settings.config.put({ [name]: name === 'signed' ? s.checked : s.checked ? 'ON' : 'OFF' }));
}
$('every').addEventListener('change', () => settings.config.put({ every: $('every').value }));

const forward = (button) => act(button, async () => {
  const clock = await send('POST', '/clock', { forward: button.dataset.forward });
  offset = clock.offsetMs;
  showClock();
  toast(`The clock is ${span(offset)} ahead`);
});
for (const b of document.querySelectorAll('[data-forward]')) b.addEventListener('click', () => forward(b));

const fire = () => act($('timer'), async () => {
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

// Which faults have a slider. Others, set by curl, are listed below them.
const FAULTS = {
  PullEvents: ['When events are pulled', {
    'delay': 'Late', 'status': 'Bad gateway, 502', 'limit': 'Too many calls', 'lost': 'Answer lost', 'cut': 'Answer cut off', 'duplicate': 'An event twice', 'reorder': 'Out of order',
  }],
  ConfirmEvents: ['When they are confirmed', {
    'delay': 'Late', 'status': 'Bad gateway, 502', 'limit': 'Too many calls', 'lost': 'Answer lost', 'stale': 'A lease is over',
  }],
  Callback: ['When they are pushed', {
    'delay': 'Late', 'drop': 'Never arrives', 'lost': 'Answer lost', 'duplicate': 'Sent twice', 'expired signature': 'Signature expired',
  }],
};
const DELAYS = [[500, '0.5 s'], [2000, '2 s'], [6000, '6 s'], [35000, '35 s']];
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

for (const [action, [title, kinds]] of Object.entries(FAULTS)) {
  const group = el('details', { class: 'fault-group' }, el('summary', {}, title));
  for (const [kind, name] of Object.entries(kinds)) {
    const input = el('input', { type: 'range', min: 0, max: 100, step: 5, value: 0, 'data-fault': `${action} ${kind}` });
    group.append(el('label', { class: 'slider' }, el('span', {}, name), el('span', { class: 'value', 'aria-hidden': 'true' }), input));
    const s = { action, kind, input };
    if (kind === 'delay') {
      s.by = el('select', { 'aria-label': `${title}: late by` }, ...DELAYS.map(([ms, t]) => el('option', { value: ms }, t)));
      s.by.value = 2000;
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

function showFaults(state) {
  ({ faults, sink } = state);
  const on = new Map(faults.map((f) => [sliderOf(f), f]));
  for (const s of sliders.values()) {
    if (s.input.matches(':active')) continue; // it is being moved
    const f = on.get(s);
    s.input.value = Math.round(100 * (f?.probability ?? 0));
    if (f && s.by) {
      if (![...s.by.options].some((o) => +o.value === f.delayMs)) s.by.append(el('option', { value: f.delayMs }, span(f.delayMs)));
      s.by.value = f.delayMs;
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
  settings.faults.put({ faults: list });
}
$('calm').addEventListener('click', () => putFaults([]));

const sinkControls = Object.fromEntries([...document.querySelectorAll('[data-sink]')].map((c) => [c.dataset.sink, c]));
const sinkOn = () => sink.probability > 0 && (sink.delayMs > 0 || sink.status !== 0 && sink.status !== 200);

function showSink() {
  const { probability, status, delayMs } = sinkControls;
  if (!probability.matches(':active')) probability.value = Math.round(100 * (sink.probability ?? 0));
  if (!delayMs.matches(':active')) delayMs.value = sink.delayMs ?? 0;
  const code = sink.status === 200 ? 0 : sink.status ?? 0;
  if (![...status.options].some((o) => +o.value === code)) status.append(el('option', { value: code }, String(code)));
  status.value = code;
  paintSink();
}

function paintSink() {
  const { probability, status, delayMs } = sinkControls;
  paintSlider(probability, percent(probability));
  paintSlider(delayMs, +delayMs.value ? span(+delayMs.value) : 'at once');
  const late = +delayMs.value, code = +status.value;
  $('sink-hint').textContent = !+probability.value ? 'Off: a second sink, beside yours, that does as you say.'
    : code === 400 ? 'Refused for good: these events are parked.'
    : code >= 500 ? 'Down: pulled events stay in the queue, callbacks are tried again.'
    : late > 28000 ? 'Slower than the lease: pulled events come back.'
    : late > 5000 ? 'Slower than 5 s: VOD sends a callback again.'
    : late ? 'A slow sink.' : 'Takes every event.';
}

for (const [name, control] of Object.entries(sinkControls)) {
  control.addEventListener('input', () => {
    // A choice without a share of the events would do nothing.
    if (name !== 'probability' && +control.value && !+sinkControls.probability.value) sinkControls.probability.value = 100;
    paintSink();
  });
  control.addEventListener('change', () => settings.faults.put({
    sink: Object.fromEntries(Object.entries(sinkControls).map(([n, c]) => [n, n === 'probability' ? c.value / 100 : +c.value])),
  }));
}

// -------------------------------------------------------------- the API, documented

const base = location.origin;
const json = `-H 'Content-Type: application/json'`;
const upload = `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784273533167"}}`;

const CALLS = [
  ['GET', '/api/events', 'The events, newest first. Filters: type and state (also repeated), mode (reliable, normal), q for a text, limit (1 to 10000), before=ID for the older ones.',
    `curl '${base}/api/events?state=parked&limit=10'`],
  ['GET', '/api/events/{id}', 'One event: its history, its body, the CloudEvent that came out, the log lines, a curl line that sends it again. The id is that of the list or the CloudEvents id.',
    `curl ${base}/api/events/1`],
  ['POST', '/api/events', 'Sends an event: the body is kept to the byte. mode=reliable puts it into the queue, mode=normal sends it to the callback, without it the config decides. n sends it up to 10000 times.',
    `curl ${json} -d '${upload}' '${base}/api/events?mode=reliable'`],
  ['POST', '/api/events?kind=', 'Makes n different events of a kind. The body may set members of their payload.',
    `curl ${json} -d '{"SessionContext":"try"}' '${base}/api/events?kind=PullComplete&n=1000'`],
  ['POST', '/api/events/{id}/resend', 'Sends it again, to the byte, or as the body says. mode changes the way.',
    `curl ${json} -X POST ${base}/api/events/1/resend`],
  ['GET', '/api/kinds', 'All kinds of events with a sample of each; /api/kinds/{type} makes another of one kind.',
    `curl ${base}/api/kinds/ProcedureStateChanged`],
  ['GET PUT', '/api/config', 'How VOD tells of events, as in ModifyEventConfig (Mode, NotificationUrl, three switches), whether callbacks are signed, how often the timer fires.',
    `curl -X PUT ${json} -d '{"Mode":"PUSH","signed":true}' ${base}/api/config`],
  ['GET PUT', '/api/faults', 'What goes wrong by chance at which action, and the sink that fails or sleeps. An empty list ends the faults.',
    `curl -X PUT ${json} -d '{"faults":[{"action":"ConfirmEvents","kind":"lost","probability":0.2}],"sink":{"probability":0.5,"status":503,"delayMs":0}}' ${base}/api/faults`],
  ['POST', '/api/clock', 'Forwards the clock of the stand-in: by a duration, or to a time. Leases that end on the way are redelivered.',
    `curl ${json} -d '{"forward":"30s"}' ${base}/api/clock`],
  ['POST', '/api/timer', 'Fires the timer of pull now and answers with its result.',
    `curl -X POST ${json} ${base}/api/timer`],
  ['GET', '/api/figures', 'Totals, and the last 300 seconds.',
    `curl ${base}/api/figures`],
  ['GET', '/api/stream', 'Everything as it happens: server-sent events named change, log, figures and state.',
    `curl -N ${base}/api/stream`],
];

$('api-docs').append(
  el('p', { class: 'hint' }, 'All that this page does can be done by curl. POST and PUT take application/json; errors are application/problem+json, whose detail says what to do. Times are RFC 3339.'),
  ...CALLS.map(([method, path, text, curl]) => el('section', {}, el('h3', {}, el('span', {}, method), path), el('p', {}, text), shell(curl))));

const TRIES = [
  ['As VOD calls back', `curl ${json} -d '${upload}' ${base}/callback`],
  ['One event into the queue, of a kind that VOD knows', `curl -X POST ${json} '${base}/api/events?kind=ProcedureStateChanged&mode=reliable'`],
  ['And a thousand, all different', `curl -X POST ${json} '${base}/api/events?kind=NewFileUpload&mode=reliable&n=1000'`],
];
$('tries').append(...TRIES.map(([text, curl], i) => el('li', { 'data-standin': i > 0 }, el('p', {}, text), shell(curl))));

const quick = (button, n) => act(button, async () => {
  const mode = config.real ? 'normal' : 'reliable';
  reportSent(await api('POST', `/events?kind=NewFileUpload&mode=${mode}&n=${n}`), mode);
});
$('first').addEventListener('click', () => quick($('first'), 1));
$('hundred').addEventListener('click', () => quick($('hundred'), 100));

// ------------------------------------------------------------- dialogs, keys, theme

const rail = $('rail');
const roomy = matchMedia('(width >= 1180px)');

/** The switches stand beside the list where there is room, else they are a sheet. */
function placeRail() {
  if (rail.open) rail.close();
  rail.setAttribute('role', roomy.matches ? 'complementary' : 'dialog');
  if (roomy.matches && localStorage.getItem('switches') !== 'hidden') rail.setAttribute('open', '');
  $('open-rail').setAttribute('aria-expanded', rail.open);
}
roomy.addEventListener('change', placeRail);
$('open-rail').addEventListener('click', () => {
  if (!roomy.matches) return rail.showModal();
  localStorage.setItem('switches', rail.open ? 'hidden' : 'shown');
  placeRail();
});

$('open-api').addEventListener('click', () => $('api').showModal());
$('open-keys').addEventListener('click', () => $('keys').showModal());

for (const dialog of document.querySelectorAll('dialog')) {
  dialog.querySelector('[data-close]').addEventListener('click', () => dialog === detail ? closeDetail() : dialog.close());
  for (const b of dialog.querySelectorAll('.modal-foot [data-close]')) b.addEventListener('click', () => dialog.close());
  dialog.addEventListener('mousedown', (m) => { // on the backdrop
    if (m.target !== dialog || !dialog.matches(':modal')) return;
    const r = dialog.getBoundingClientRect();
    if (m.clientX < r.left || m.clientX > r.right || m.clientY < r.top || m.clientY > r.bottom) dialog.close();
  });
}

const letters = $('letters');
letters.checked = localStorage.getItem('letters') !== 'off';
letters.addEventListener('change', () => localStorage.setItem('letters', letters.checked ? 'on' : 'off'));

const KEYS = {
  '/': () => { $('q').focus(); $('q').select(); },
  'j': () => { opened || grid.focus(); step(1); },
  'k': () => { opened || grid.focus(); step(-1); },
  'g': () => { grid.focus(); step(-Infinity); },
  'G': () => { grid.focus(); step(Infinity); },
  'n': () => openSend(),
  'r': () => opened && $('resend').click(),
  'e': () => opened && $('edit').click(),
  't': () => fire(),
  'f': () => config.real || forward($('forward')),
  '?': () => $('keys').showModal(),
};

document.addEventListener('keydown', (k) => {
  if (k.ctrlKey || k.metaKey || k.altKey || k.defaultPrevented) return;
  const modal = document.querySelector('dialog:modal');
  if (modal && modal !== detail) return;
  if (k.key === 'Escape' && opened && !modal) {
    k.preventDefault();
    return closeDetail();
  }
  if (k.target.matches('input:not([type="checkbox"], [type="radio"], [type="range"]), textarea, select')) return;
  const does = Object.hasOwn(KEYS, k.key) && letters.checked && KEYS[k.key];
  if (!does) return;
  k.preventDefault();
  does();
});

const THEMES = ['system', 'light', 'dark'];
function showTheme(theme) {
  const root = document.documentElement;
  theme === 'system' ? delete root.dataset.theme : root.dataset.theme = theme;
  $('theme').querySelector('use').setAttribute('href', '#i-' + theme);
  $('theme').setAttribute('aria-label', `Colours: ${theme === 'system' ? 'as the system' : theme}`);
  $('theme').title = $('theme').getAttribute('aria-label');
}
let theme = THEMES.includes(localStorage.getItem('theme')) ? localStorage.getItem('theme') : 'system';
$('theme').addEventListener('click', () => {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % 3];
  localStorage.setItem('theme', theme);
  showTheme(theme);
});

showTheme(theme);
placeRail();
showConnection('connecting');
connect();
