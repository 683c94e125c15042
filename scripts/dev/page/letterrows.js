// A dead letter in the list, and a line that says who did what with one, and when.

import { about } from './api.js';
import { el, sign } from './dom.js';
import { clockTime, plural } from './words.js';

const REASONS = new Map(about.reasons.map((r) => [r.value, r.text]));

/** A day and a time in UTC, as a table shows it. */
const dayTime = (text) => text.replace('T', ' ').replace(/\.\d+Z$|Z$/, ' UTC');

/** A row; does(what, button, letter) is called for its buttons, look(button, letter) to show the event. */
export function letterRow(letter, deliverable, does, look) {
  const button = (words, what, attributes = {}) => {
    const b = el('button', { type: 'button', 'aria-label': `${words}: ${letter.type} ${letter.subject ?? letter.id}`, ...attributes }, words);
    b.addEventListener('click', () => what === 'look' ? look(b, letter) : does(what, b, letter));
    return b;
  };
  const title = `${letter.type} ${letter.subject ?? ''}, ${letter.reason}`;
  return el('li', { tabindex: -1, 'data-id': letter.id, 'aria-label': title },
    el('div', { class: 'letter-head' },
      el('b', {}, letter.type), el('span', { class: 'letter-subject' }, letter.subject ?? letter.id),
      el('span', { class: 'state', 'data-tone': 'bad', title: REASONS.get(letter.reason) ?? '' }, sign('parked'), el('span', {}, letter.reason))),
    el('p', { class: 'letter-why' }, REASONS.get(letter.reason) ?? 'Parked for a reason that this page does not know.'),
    letter.lastError ? el('p', { class: 'trouble' }, letter.lastError) : '',
    letter.firstError && letter.firstError !== letter.lastError ? el('p', { class: 'hint' }, `first: ${letter.firstError}`) : '',
    el('p', { class: 'letter-facts' },
      el('time', { datetime: letter.received }, `since ${dayTime(letter.received)}`),
      el('span', {}, plural(letter.attempts, 'attempt', 'attempts')), el('span', {}, letter.mode), el('span', { class: 'letter-id' }, letter.id)),
    el('div', { class: 'buttons' },
      button('Deliver again', 'deliver', { disabled: !deliverable || letter.busy }),
      button('Discard', 'discard', { disabled: letter.busy, 'aria-haspopup': 'dialog' }),
      button('Copy as curl', 'curl'),
      button('Event', 'look', { class: 'quiet', 'aria-expanded': 'false' }),
      letter.busy ? el('span', { class: 'hint' }, 'somebody is working on it') : ''));
}

const TONES = { 'delivered again': 'done', 'not delivered': 'bad', discarded: 'warn', 'copied as curl': '' };

export const entryRow = (e) => el('li', {},
  el('time', { datetime: e.time, title: dayTime(e.time) }, clockTime(Date.parse(e.time), false)),
  el('span', { class: 'state', 'data-tone': TONES[e.what] ?? '' }, el('span', {}, e.what)),
  el('span', { class: 'text' }, `by ${e.who}: ${e.type} ${e.subject ?? e.id}${e.text ? `: ${e.text}` : ''}`));
