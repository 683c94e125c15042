// What to try first, and the API call by call.

import { about, api } from './api.js';
import { $, el } from './dom.js';
import { model } from './model.js';
import { act, reportSent, shell } from './notice.js';

$('api-docs').append(
  el('p', { class: 'hint' }, 'All that this page does can be done by curl. POST and PUT take application/json; errors are application/problem+json, whose detail says what to do. Times are RFC 3339.'),
  ...about.calls.map((c) => el('section', {}, el('h3', {}, el('span', {}, c.method), c.path), el('p', {}, c.text), shell(c.curl))));

$('tries').append(...about.tries.map((t) => el('li', { 'data-standin': t.standIn }, el('p', {}, t.text), shell(t.curl))));

const quick = (button, n) => act(button, async () => {
  const mode = model.config.real ? 'normal' : 'reliable';
  reportSent(await api('POST', `/events?kind=NewFileUpload&mode=${mode}&n=${n}`), mode);
});
$('first').addEventListener('click', () => quick($('first'), 1));
$('hundred').addEventListener('click', () => quick($('hundred'), 100));
