// The dead letters: what was parked, why, and what can be done about it. The page asks
// for the list again when it is shown, when something was done, and when dev says that
// there are more or fewer. A table does not say so; then it asks on demand.

import { about, api, send } from './api.js';
import { $, el, hide, options, say } from './dom.js';
import { JSONView } from './jsonview.js';
import { entryRow, letterRow } from './letterrows.js';
import { hear } from './model.js';
import { act, copy, toast } from './notice.js';
import { showConnection } from './stream.js';
import { count, plural } from './words.js';

const PORTION = 100, MOST = 1000;
const list = $('letters-list'), panel = $('panel-letters'), ask = $('letters-ask');
const state = { limit: PORTION, answer: null, busy: false, again: false, cursor: null, rows: new Map() };

$('letters-reason').append(...options(about.reasons.map((r) => ({ value: r.value, name: r.name }))));

const filter = () => ({ reason: $('letters-reason').value, type: $('letters-type').value.trim(), subject: $('letters-subject').value.trim() });
const filtered = () => Object.values(filter()).some(Boolean);

/** Asks for the list. If it is called meanwhile, it asks once more afterwards. */
async function reload() {
  if (about.letters.elsewhere) return;
  if (state.busy) { state.again = true; return; }
  state.busy = true;
  try {
    do {
      state.again = false;
      const wanted = JSON.stringify(filter());
      const answer = await api('GET', `/letters?${new URLSearchParams({ ...filter(), limit: state.limit })}`);
      if (wanted === JSON.stringify(filter())) show(answer);
      else state.again = true;
    } while (state.again);
    if (about.from) showConnection('live');
  } catch (e) {
    if (about.from) showConnection('lost');
    toast(e.message, true);
  } finally {
    state.busy = false;
  }
}

function show(answer) {
  state.answer = answer;
  const { letters, matched, entries, to, place, who } = answer;
  badge(filtered() ? null : matched);
  say($('letters-where'), `In ${place}. You act as ${who}. ${to ? `Delivered again to ${to}.` : 'They cannot be delivered again: set SINK, and start dev again.'}`);
  say($('letters-matched'), matched ? plural(matched, 'dead letter', 'dead letters') + (filtered() ? ' of this filter' : '') : 'none');
  arrange(letters);
  hide($('letters-more'), letters.length >= matched);
  say($('letters-more'), letters.length < MOST ? `Show ${count.format(Math.min(PORTION, matched - letters.length))} more` : 'The oldest 1,000 are shown');
  $('letters-more').disabled = letters.length >= MOST;
  for (const [id, words] of [['deliver', 'Deliver all again'], ['discard', 'Discard all'], ['curl', 'Copy all as curl']]) {
    const b = $(`letters-all-${id}`);
    b.disabled = !matched || id === 'deliver' && !to || id === 'curl' && matched > MOST;
    say(b, matched > 1 ? words.replace('all', `all ${count.format(matched)}`) : words);
  }
  hide($('letters-empty'), matched > 0 || filtered());
  hide($('letters-none'), matched > 0 || !filtered());
  hide($('letters-log'), !entries.length);
  $('letters-entries').replaceChildren(...entries.map(entryRow));
}

/** Shows the rows. A row that is the same is not touched: it may be clicked right now. */
function arrange(letters) {
  const kept = new Map();
  for (const l of letters) {
    const words = JSON.stringify(l) + !!state.answer.to;
    const old = state.rows.get(l.id);
    kept.set(l.id, old?.words === words ? old : { words, node: letterRow(l, !!state.answer.to, doTo, look), view: null });
    if (old && old !== kept.get(l.id)) old.node.replaceWith(kept.get(l.id).node);
  }
  for (const [id, row] of state.rows) if (!kept.has(id)) row.node.remove();
  state.rows = kept;
  let at = list.firstChild;
  for (const { node } of kept.values()) {
    if (node === at) at = at.nextSibling;
    else list.insertBefore(node, at);
  }
}

/** The number beside the tab; null leaves it as it is. */
const badge = (n) => { if (n !== null) say($('letters-count'), n ? count.format(n) : ''); };

/** Does something with one dead letter, or with all that match the filter. */
const doTo = (what, button, letter) => act(button, async () => {
  const chosen = letter ? { ids: [letter.id] } : { filter: filter(), count: state.answer.matched };
  if (what !== 'curl' && (what === 'discard' || !letter) && !await sure(what, letter)) return;
  try {
    const answer = await send('POST', `/letters/${what}`, chosen);
    if (what === 'curl') await copy(answer.commands.join('\n'), answer.commands.length === 1 ? 'curl line' : `${count.format(answer.commands.length)} curl lines`);
    else report(answer);
  } finally {
    reload();
  }
});

/** Asks for confirmation. */
function sure(what, letter) {
  const n = letter ? 1 : state.answer.matched;
  const them = letter ? `this ${letter.type}` : plural(n, 'dead letter', 'dead letters');
  $('letters-ask-title').textContent = what === 'discard' ? `Discard ${them}?` : `Deliver ${them} again?`;
  $('letters-ask-text').textContent = what !== 'discard' ? `Through DEDUP and the handler to ${state.answer.to}. Events that fail stay parked.`
    : state.answer.file ? `A row that the table has only as a dead letter is deleted. One that it also took as SINK stays, but is no longer parked. ${state.answer.file} gets each whole event first: vodctl replay ${state.answer.file} can still deliver it.`
    : 'It is gone for good, because only the memory of this run has it.';
  $('letters-ask-yes').textContent = what === 'discard' ? 'Discard' : 'Deliver again';
  ask.returnValue = '';
  ask.showModal();
  return new Promise((decided) => ask.addEventListener('close', () => decided(ask.returnValue === 'yes'), { once: true }));
}

function report(o) {
  const parts = [];
  if (o.delivered) parts.push(`${count.format(o.delivered)} delivered again`);
  if (o.duplicate) parts.push(`${count.format(o.duplicate)} delivered before`);
  if (o.discarded) parts.push(`${count.format(o.discarded)} discarded`);
  if (o.failed) parts.push(`${count.format(o.failed)} not delivered: ${o.causes[0].error}`);
  if (o.gone) parts.push(`${count.format(o.gone)} no longer parked`);
  if (o.busy) parts.push(`${count.format(o.busy)} in use by another click`);
  if (o.stopped) parts.push(`stopped: ${o.stopped}`);
  toast(parts.join('; '), !!(o.failed || o.stopped));
}

/** Shows or hides the event of a row. */
const look = (button, letter) => act(button, async () => {
  const row = state.rows.get(letter.id);
  if (!row.view) {
    const place = el('div', { class: 'letter-event' });
    row.view = { place, json: new JSONView(place, `the event ${letter.subject ?? letter.id}`) };
    row.view.place.hidden = true;
    row.node.append(place);
    const d = await api('GET', `/letters/${encodeURIComponent(letter.id)}`);
    row.view.json.show(d.body || d.cloudEvent, 'It cannot be read.');
  }
  row.view.place.hidden = !row.view.place.hidden;
  button.setAttribute('aria-expanded', !row.view.place.hidden);
});

/** Moves the focus by a number of rows. */
export function step(by) {
  const ids = [...state.rows.keys()];
  if (!ids.length) return;
  const now = ids.indexOf(state.cursor);
  state.cursor = ids[now < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, now + by))];
  const { node } = state.rows.get(state.cursor);
  node.focus();
  node.scrollIntoView({ block: 'nearest' });
}
list.addEventListener('focusin', (f) => { state.cursor = f.target.closest('li')?.dataset.id ?? state.cursor; });
list.addEventListener('keydown', (k) => {
  const by = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[k.key];
  if (by === undefined || k.target.closest('.letter-event') || k.ctrlKey || k.metaKey || k.altKey) return;
  k.preventDefault();
  step(by);
});

function refilter() {
  state.limit = PORTION;
  reload();
}
for (const name of ['reason', 'type', 'subject']) $(`letters-${name}`).addEventListener(name === 'reason' ? 'change' : 'input', refilter);
for (const name of ['type', 'subject']) {
  $(`letters-${name}`).addEventListener('keydown', (k) => {
    if (k.key !== 'Escape' && k.key !== 'Enter') return;
    if (k.key === 'Escape' && k.target.value) {
      k.target.value = '';
      refilter();
    } else list.focus();
    k.preventDefault();
    k.stopPropagation();
  });
}
$('letters-unfilter').addEventListener('click', () => {
  for (const name of ['reason', 'type', 'subject']) $(`letters-${name}`).value = '';
  refilter();
  list.focus();
});
$('letters-more').addEventListener('click', () => { state.limit = Math.min(MOST, state.limit + PORTION); reload(); });
$('letters-again').addEventListener('click', () => act($('letters-again'), reload));
for (const what of ['deliver', 'discard', 'curl']) $(`letters-all-${what}`).addEventListener('click', (c) => doTo(what, c.currentTarget));

if (about.letters.elsewhere) {
  hide($('letters-body'), true);
  hide($('letters-elsewhere'), false);
  $('letters-elsewhere-text').textContent = about.letters.elsewhere;
}

hear('view', () => { if (!panel.hidden) reload(); });
hear('look', reload);
hear('state', (m) => {
  hide($('letters-again'), m.letters !== undefined); // a table does not report its changes
  if (m.letters !== undefined) badge(m.letters);
  if (!panel.hidden) reload();
});
