// Making and changing elements.

export const $ = (id) => document.getElementById(id);

/** Makes an element: attributes by name, text and nodes as children. */
export function el(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) e.setAttribute(name, value === true ? '' : value);
  }
  e.append(...children.filter((c) => c !== undefined && c !== ''));
  return e;
}

const svgNS = 'http://www.w3.org/2000/svg';

export function svg(tag, attributes, ...children) {
  const e = document.createElementNS(svgNS, tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...children);
  return e;
}

export const icon = (name) => svg('svg', { class: 'icon', 'aria-hidden': 'true' }, svg('use', { href: '#' + name }));

/** The drawing of a state. */
export const sign = (name) => svg('svg', { 'aria-hidden': 'true' }, svg('use', { href: '#s-' + name }));

// A text or an attribute that is there already is not written again: it would
// cost the browser another look at its style.
export const say = (node, text) => {
  if (!node.firstChild) node.append(text);
  else if (node.firstChild.data !== text) node.firstChild.data = text;
};
export const set = (node, name, value) => { if (node.getAttribute(name) !== value) node.setAttribute(name, value); };
export const hide = (node, hidden) => { if (node.hidden !== hidden) node.hidden = hidden; };

/** The options of a select; a value that it lacks is added when it is chosen. */
export const options = (list) => list.map(({ value, name }) => el('option', { value: String(value) }, name));
export function choose(select, value, name) {
  if (![...select.options].some((o) => o.value === String(value))) select.append(...options([{ value, name }]));
  select.value = value;
}
