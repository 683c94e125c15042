// What a screen reader is told, every few seconds at most.

import { $ } from './dom.js';
import { hear, model, STATES } from './model.js';
import { plural } from './words.js';

const tally = { fresh: 0, trouble: new Set() };

hear('put', ({ event, old }) => {
  if (!old) tally.fresh++;
  if (event.state !== old?.state && STATES.get(event.state)?.tone === 'bad') tally.trouble.add(event.id);
});
hear('loaded', () => {
  tally.fresh = 0;
  tally.trouble.clear();
});

setInterval(() => {
  if (!tally.fresh && !tally.trouble.size) return;
  const parts = [];
  if (tally.fresh) parts.push(plural(tally.fresh, 'new event', 'new events'));
  if (tally.trouble.size) parts.push(plural(tally.trouble.size, 'event', 'events') + ' parked or failed');
  if (model.loaded) $('live').textContent = parts.join(', ');
  tally.fresh = 0;
  tally.trouble.clear();
}, 5000);
