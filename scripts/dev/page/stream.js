// The live connection to dev: server-sent events, and what there was before
// them.

import { about, api } from './api.js';
import { $ } from './dom.js';
import * as library from './media.js';
import { clear, events, model, open, put, tell, trim } from './model.js';
import { toast } from './notice.js';

const connection = { source: null, tries: 0, retryAt: 0, heard: 0, buffer: null, timer: 0, everLost: false };

export function connect() {
  if (about.from) return tell('look'); // a table tells nobody what happens to it
  clearTimeout(connection.timer);
  connection.source?.close();
  const source = connection.source = new EventSource('/api/stream');
  connection.buffer = [];
  const on = (name, take) => source.addEventListener(name, (m) => {
    connection.heard = Date.now();
    take(JSON.parse(m.data));
  });
  const afterPast = (take) => connection.buffer ? connection.buffer.push(take) : take();
  on('change', (m) => afterPast(() => changed(m)));
  on('log', (m) => { if (m.logs.some((l) => l.event === model.opened)) tell('changed', new Set([model.opened])); });
  on('figures', (m) => afterPast(() => tell('figures', m)));
  on('state', (m) => tell('state', m));
  source.onopen = () => begin(source);
  source.onerror = () => lost(source);
  connection.heard = Date.now();
}

/** Takes what there was before the stream, then what came meanwhile. */
async function begin(source) {
  try {
    const [list, found, past] = await Promise.all([api('GET', `/events?limit=${about.keep}`), api('GET', `/media?limit=${about.keep}`), api('GET', '/figures')]);
    if (source !== connection.source) return;
    clear();
    library.clear();
    list.events.reverse().forEach(put);
    found.media.reverse().forEach(library.put);
    tell('past', past);
  } catch {
    return lost(source);
  }
  const missed = connection.buffer;
  connection.buffer = null;
  model.loaded = true;
  tell('loaded');
  missed.forEach((take) => take());
  tell('changed', new Set());
  if (connection.everLost) toast('Connected again');
  connection.tries = 0;
  connection.heard = Date.now();
  showConnection('live');
  const linked = decodeURIComponent(location.hash.slice(1));
  if (model.opened && !events.has(model.opened)) tell('close');
  else if (model.opened) tell('changed', new Set([model.opened]));
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

export function showConnection(state) {
  $('conn').dataset.state = state;
  $('conn-text').textContent = { live: 'live', lost: 'connection lost', connecting: 'connecting' }[state];
  $('lost').hidden = state !== 'lost';
  $('lost-text').textContent = 'What you see may be out of date. The page tries again by itself; if dev was stopped, start it again.';
  document.title = state === 'lost' ? 'Connection lost – vodevents' : 'vodevents';
}

$('retry').addEventListener('click', connect);
addEventListener('online', () => connection.source || connect());
document.addEventListener('visibilitychange', () => document.hidden || connection.source || connect());

// dev tells its figures each second: without a word for 12 s it is not there.
setInterval(() => {
  if (connection.source && Date.now() - connection.heard > 12e3) lost(connection.source);
}, 2000);

function changed({ events: list = [], media = [] }) {
  list.forEach(put);
  trim();
  tell('changed', new Set(list.map((e) => e.id)));
  if (!media.length) return;
  media.forEach(library.put);
  library.trim();
  tell('changedMedia', new Set(media.map(library.keyOf)));
}
