// One event opened: its history, its body, the CloudEvent, its log.

import { api, pathOf, spelled } from './api.js';
import { $, el } from './dom.js';
import { JSONView } from './jsonview.js';
import { leaseBar, tickLease } from './lease.js';
import { events, hear, model, stateNode, stateOf, tell } from './model.js';
import { act, copy, reportSent } from './notice.js';
import { makePanel } from './panel.js';
import { openSend } from './send.js';
import { makeTabs } from './tabs.js';
import { focusList } from './views.js';
import { clockTime, count, plural, span } from './words.js';

const detail = $('detail');
const panel = makePanel(detail, close);
const bodyView = new JSONView($('panel-body'), 'the event');
const cloudView = new JSONView($('panel-cloud'), 'the CloudEvent');
let lease = null;   // its bar, while the event is leased
let details = null; // as the API told it
let pending = false;

function open({ id, focus }) {
  if (model.opened !== id) {
    model.opened = id;
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
  panel.show();
  if (focus) $('d-type').focus({ preventScroll: true });
  tell('opened');
}

/** Hides the panel and gives the focus to nothing. */
function hide() {
  model.opened = details = null;
  history.replaceState(null, '', location.pathname);
  panel.hide();
  tell('opened');
}

function close() {
  if (!model.opened) return;
  hide();
  if (!model.media) focusList();
}

hear('open', open);
hear('close', close);
hear('yield', hide);
hear('changed', (ids) => { if (ids.has(model.opened)) reload(); });
setInterval(() => {
  if (!document.hidden && lease) tickLease(lease);
}, 250);

/** Asks for the open event again, a few times a second at most. */
function reload(now) {
  if (pending && !now) return;
  pending = true;
  setTimeout(async () => {
    pending = false;
    const id = model.opened;
    if (!id) return;
    try {
      const d = await api('GET', pathOf(id));
      if (id === model.opened) showDetail(details = d);
    } catch (e) {
      if (id === model.opened) showTrouble(e.message);
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
  lease = null;
  if (e.leaseEnd) {
    lease = { ...leaseBar(), event: e };
    tickLease(lease);
    parts.push(lease.bar);
  }
  parts.push(el('span', {}, e.mode));
  if (e.attempts) parts.push(el('span', {}, plural(e.attempts, 'try', 'tries')));
  if (e.tookMs !== undefined) parts.push(el('span', {}, `took ${span(e.tookMs)}`));
  if (e.duplicate) parts.push(el('span', {}, 'a duplicate: not delivered again'));
  if (e.unwanted) parts.push(el('span', {}, 'unwanted: no sink has its EventType in types='));
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
    const text = h.text === stateOf(h).words ? '' : h.text ?? [h.attempt > 1 && `try ${h.attempt}`, h.status && `status ${h.status}`].filter(Boolean).join(', ');
    return el('li', {}, el('time', { datetime: h.time }, clockTime(at)), stateNode(h), el('span', { class: 'text' }, text), el('span', { class: 'delta' }, delta));
  }));
  if (atEnd) steps.scrollTop = steps.scrollHeight;
  bodyView.show(d.body, 'No body is kept.');
  cloudView.show(d.cloudEvent, 'Nothing came out of the functions yet.');
  showLogs(d.logs ?? []);
}

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

makeTabs(detail);

$('resend').addEventListener('click', () => act($('resend'), async () => {
  const mode = events.get(model.opened)?.mode;
  reportSent(await api('POST', pathOf(model.opened, '/resend')), mode);
}));
$('edit').addEventListener('click', () => act($('edit'), async () => openSend(details ?? await api('GET', pathOf(model.opened)))));
$('curl').addEventListener('click', () => act($('curl'), async () => copy((await api('GET', pathOf(model.opened))).curl, 'curl line')));
