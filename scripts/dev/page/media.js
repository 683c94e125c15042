// What the page knows of the media, as delivered events made them.

import { about } from './api.js';
import { el, sign } from './dom.js';
import { model, tell } from './model.js';
import { bytes, playtime } from './words.js';

const STATES = new Map(about.mediaStates.map((s) => [s.name, s]));

export const media = new Map(); // key → media, as the API tells it; the first heard of in front

export const keyOf = (m) => `${m.source} ${m.file_id}`;

/** The path of a media in the API, or of something of it. */
export const pathOf = (m, rest = '') => `/media/${encodeURIComponent(m.file_id)}${rest}?source=${encodeURIComponent(m.source)}`;

export function put(m) {
  const old = media.get(keyOf(m));
  media.set(keyOf(m), m);
  tell('putMedia', { media: m, old });
}

export const clear = () => media.clear();

/** Forgets those that changed longest ago. */
export function trim() {
  const over = media.size - about.keep;
  if (over <= 0) return;
  const byChange = [...media].sort(([, a], [, b]) => Date.parse(a.changed) - Date.parse(b.changed));
  for (const [key] of byChange.slice(0, over)) media.delete(key);
}

/** The state, with its drawing; in words if they are wanted. */
export function stateNode(m, words) {
  const s = STATES.get(m.state);
  return el('span', { class: 'state', 'data-tone': s.tone }, sign(s.sign), el('span', {}, words && s.text !== s.name ? `${s.name}: ${s.text}` : s.name));
}

const REVIEWS = { pass: ['confirmed', 'done'], review: ['expired', 'warn'], block: ['failed', 'bad'] };

/** What the review said, or undefined. */
export function reviewNode(m) {
  if (!m.review) return undefined;
  const [drawing, tone] = REVIEWS[m.review] ?? ['queued', ''];
  return el('span', { class: 'state', 'data-tone': tone }, sign(drawing), el('span', {}, `review: ${m.review}${m.review_label ? ', ' + m.review_label : ''}`));
}

const RESULTS = { SUCCESS: ['confirmed', 'done', 'made'], FAIL: ['failed', 'bad', 'failed'], PROCESSING: ['handled', 'move', 'runs'], DELETED: ['parked', '', 'deleted'] };

/** How a result of processing stands: its drawing, its tone, a word. */
export function resultOf(o) {
  const [drawing, tone, word] = RESULTS[o.status] ?? ['queued', '', o.status];
  return { drawing, tone, word };
}

/** A result in a few words: its kind, its Definition, its size or what became of it. */
export function resultNode(o) {
  const { drawing, tone, word } = resultOf(o);
  return el('span', { class: 'state result', 'data-tone': tone }, sign(drawing),
    el('span', {}, `${o.kind} ${o.definition} `, el('small', {}, o.status === 'SUCCESS' ? o.size && bytes(o.size) || '' : word)));
}

/** What is known of a file: its size in pixels, in bytes, its length. */
export const figures = (o) => [o.width && `${o.width} × ${o.height}`, o.size && bytes(o.size), o.duration && playtime(o.duration), o.container].filter(Boolean).join(', ');

/** The cover that dev draws in place of the real one, or an empty frame. */
export const coverNode = (m, alt) => m.cover_url
  ? el('img', { class: 'cover', src: `/api${pathOf(m, '/cover')}`, alt, width: 320, height: 180 })
  : el('span', { class: 'cover none', 'aria-hidden': 'true' });

/** Opens a media; takes the focus there when asked to. */
export const open = (key, focus) => tell('openMedia', { key, focus });

/** The key of the media that the address names. */
export function linked() {
  const [, source, id] = location.hash.match(/^#media=([^&]*)&(.*)$/) ?? [];
  return id === undefined ? undefined : keyOf({ source: decodeURIComponent(source), file_id: decodeURIComponent(id) });
}

export const linkTo = (m) => `#media=${encodeURIComponent(m.source)}&${encodeURIComponent(m.file_id)}`;

export const openedMedia = () => media.get(model.media);
