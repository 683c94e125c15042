// The bar that shows how long the lease of an event still lasts.

import { about } from './api.js';
import { el, say } from './dom.js';
import { model } from './model.js';

const secondsLeft = (e) => (Date.parse(e.leaseEnd) - Date.now() - model.offset) / 1000;

/** Makes the bar of no event yet. */
export function leaseBar() {
  const left = el('div', { class: 'lease-left' }), seconds = el('span');
  return { left, seconds, bar: el('div', { class: 'lease' }, el('div', { class: 'lease-track' }, left), seconds) };
}

/** Shows in a bar what its event has left. */
export function tickLease({ left, seconds, bar, event }) {
  const s = Math.max(0, secondsLeft(event));
  left.style.setProperty('--left', Math.min(1, s * 1000 / about.leaseMs).toFixed(3));
  say(seconds, Math.ceil(s) + ' s');
  bar.toggleAttribute('data-late', s < 5);
}
