// What the page knows: the events, the configuration, the faults, which event is
// open. Parts of the page change it here and hear of changes by name.

import { about } from './api.js';
import { el, sign } from './dom.js';

const listeners = {};

/** Calls take(value) each time that tell(name, value) is called. */
export const hear = (name, take) => (listeners[name] ??= []).push(take);
export const tell = (name, value) => (listeners[name] ?? []).forEach((take) => take(value));

export const STATES = new Map(about.states.map((s) => [s.name, s]));

export const events = new Map(); // id → event, as the API tells it

export const model = {
  order: [],      // events, the oldest first
  arrivals: 0,
  loaded: false,
  opened: null,   // the id of the open event
  media: null,    // the key of the open media
  offset: 0,      // of the stand-in's clock, in ms
  config: {},
};

/** Takes an event as it is now. Its n counts arrivals. */
export function put(e) {
  const old = events.get(e.id);
  e.n = old ? old.n : ++model.arrivals;
  events.set(e.id, e);
  if (old) model.order[placeOf(e.n)] = e;
  else model.order.push(e);
  tell('put', { event: e, old });
}

function placeOf(n) {
  let from = 0, to = model.order.length - 1;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (model.order[middle].n < n) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Forgets all events. */
export function clear() {
  events.clear();
  model.order = [];
}

/** Forgets as dev does: the oldest that have ended, then the oldest. */
export function trim() {
  const over = model.order.length - about.keep;
  if (over <= 0) return;
  const ended = model.order.filter((e) => e.tookMs !== undefined).slice(0, over);
  const gone = new Set(ended.concat(model.order.filter((e) => e.tookMs === undefined).slice(0, over - ended.length)));
  model.order = model.order.filter((e) => !gone.has(e));
  for (const e of gone) events.delete(e.id);
}

/** The state in words, its drawing, and whether it is good or bad. */
export function stateOf(e) {
  const s = STATES.get(e.state);
  if (e.state === 'answered' && e.status && e.status !== 200) return { sign: 'failed', tone: 'bad', words: `answered ${e.status}` };
  return { sign: s?.sign ?? 'queued', tone: s?.tone ?? '', words: e.state };
}

export function stateNode(e) {
  const s = stateOf(e);
  return el('span', { class: 'state', 'data-tone': s.tone }, sign(s.sign), el('span', {}, s.words));
}

/** Opens an event; takes the focus there when asked to, as Enter does. */
export const open = (id, focus) => tell('open', { id, focus });
