// The filter of the list: by text, by type, by state.

import { api } from './api.js';
import { $, el, options, sign } from './dom.js';
import { model, STATES, tell } from './model.js';
import { count } from './words.js';

const filter = { text: '', type: '', states: new Set(), inBody: new Set() };

export const filtering = () => !!(filter.text || filter.type || filter.states.size);

/** What the text filter looks through. */
const hay = (e) => e.hay ??= `${e.id} ${e.eventId} ${e.type} ${e.subject ?? ''} ${e.state} ${e.status ?? ''} ${e.error ?? ''}`.toLowerCase();

/** The events that fit, the newest first. Shows how many there are in each state. */
export function filtered() {
  const counts = new Map(), view = [];
  const { text, type, states, inBody } = filter;
  for (let i = model.order.length - 1; i >= 0; i--) {
    const e = model.order[i];
    if (type && e.type !== type || text && !hay(e).includes(text) && !inBody.has(e.id)) continue;
    counts.set(e.state, (counts.get(e.state) ?? 0) + 1);
    if (!states.size || states.has(e.state)) view.push(e);
  }
  showChips(counts);
  showTypes();
  return view;
}

const chips = new Map(); // state → its button and its count

function showChips(counts) {
  for (const [state, { sign: drawing }] of STATES) {
    const n = counts.get(state) ?? 0;
    if (!chips.has(state)) {
      if (!n) continue;
      addChip(state, drawing);
    }
    const { button, number } = chips.get(state);
    number.textContent = count.format(n);
    button.setAttribute('aria-pressed', filter.states.has(state));
  }
}

function addChip(state, drawing) {
  const number = el('span', { class: 'count' });
  const button = el('button', { type: 'button', 'aria-pressed': 'false', 'data-state': state }, sign(drawing), state, number);
  button.addEventListener('click', () => {
    filter.states.delete(state) || filter.states.add(state);
    tell('filter');
  });
  chips.set(state, { button, number });
  const names = [...STATES.keys()];
  const after = names.slice(names.indexOf(state) + 1).find((s) => chips.has(s));
  $('states').insertBefore(button, after ? chips.get(after).button : null);
}

const types = new Set();

function showTypes() {
  let fresh = false;
  for (const e of model.order) if (!types.has(e.type)) { types.add(e.type); fresh = true; }
  if (!fresh) return;
  $('type').replaceChildren(el('option', { value: '' }, 'All types'), ...options([...types].filter(Boolean).sort().map((t) => ({ value: t, name: t }))));
  $('type').value = filter.type;
}

let asked;
$('q').addEventListener('input', () => {
  filter.text = $('q').value.trim().toLowerCase();
  filter.inBody = new Set();
  tell('filter');
  // The list knows the heads of the events, dev knows their bodies as well.
  clearTimeout(asked);
  if (filter.text.length > 1) asked = setTimeout(searchBodies, 250, filter.text);
});

async function searchBodies(text) {
  const found = await api('GET', `/events?limit=1000&q=${encodeURIComponent(text)}`).catch(() => ({ events: [] }));
  if (text !== filter.text) return;
  filter.inBody = new Set(found.events.map((e) => e.id));
  tell('changed', new Set());
}

$('q').addEventListener('keydown', (k) => {
  if (k.key === 'Escape' && $('q').value) {
    $('q').value = '';
    $('q').dispatchEvent(new Event('input'));
  } else if (k.key === 'Escape' || k.key === 'Enter' || k.key === 'ArrowDown') {
    $('grid').focus();
  } else return;
  k.preventDefault();
  k.stopPropagation();
});
$('type').addEventListener('change', () => { filter.type = $('type').value; tell('filter'); });
$('unfilter').addEventListener('click', () => {
  $('q').value = $('type').value = filter.text = filter.type = '';
  filter.states.clear();
  tell('filter');
  $('grid').focus();
});
