// What a screen reader is told, every few seconds at most.

import { $ } from './dom.js';
import { keyOf } from './media.js';
import { hear, model, STATES } from './model.js';
import { plural } from './words.js';

const tally = { fresh: 0, trouble: new Set(), failed: new Set() };

hear('put', ({ event, old }) => {
  if (!old) tally.fresh++;
  if (event.state !== old?.state && STATES.get(event.state)?.tone === 'bad') tally.trouble.add(event.id);
});
hear('putMedia', ({ media, old }) => {
  if (media.state === 'failed' && old?.state !== 'failed') tally.failed.add(keyOf(media));
});

function forget() {
  tally.fresh = 0;
  tally.trouble.clear();
  tally.failed.clear();
}
hear('loaded', forget);

setInterval(() => {
  if (!tally.fresh && !tally.trouble.size && !tally.failed.size) return;
  const parts = [];
  if (tally.fresh) parts.push(plural(tally.fresh, 'new event', 'new events'));
  if (tally.trouble.size) parts.push(plural(tally.trouble.size, 'event', 'events') + ' parked or failed');
  if (tally.failed.size) parts.push(`${tally.failed.size} media failed`);
  if (model.loaded) $('live').textContent = parts.join(', ');
  forget();
}, 5000);
