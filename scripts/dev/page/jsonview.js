// JSON to read: folded, searchable, by mouse and by keys.

import { el, icon } from './dom.js';
import { readJSON } from './json.js';
import { copy } from './notice.js';
import { count } from './words.js';

const AT_ONCE = 2000; // lines of JSON shown before a button shows more

export class JSONView {
  constructor(place, label) {
    this.search = el('input', { type: 'search', placeholder: 'Search', 'aria-label': `Search in ${label}`, autocomplete: 'off', spellcheck: 'false' });
    this.found = el('span', { class: 'found', role: 'status' });
    this.steps = el('span', { class: 'steps', hidden: true });
    const button = (text, does, label) => {
      const b = el('button', { type: 'button', class: 'quiet', 'aria-label': label ?? false }, text);
      b.addEventListener('click', does);
      return b;
    };
    this.tree = el('div', { class: 'json', role: 'tree', 'aria-label': label });
    this.tools = el('div', { class: 'json-tools' }, el('div', { class: 'search' }, icon('i-search'), this.search), this.steps,
      button('Fold', () => this.foldAll(1), 'Fold all'), button('Unfold', () => this.foldAll(Infinity), 'Unfold all'), button('Copy', () => copy(this.text, label)));
    this.steps.append(this.found, button('↑', () => this.nextHit(-1), 'Previous match'), button('↓', () => this.nextHit(1), 'Next match'));
    this.none = el('p', { class: 'none' });
    place.append(this.tools, this.tree, this.none);
    this.search.addEventListener('input', () => this.find());
    this.search.addEventListener('keydown', (k) => {
      if (k.key === 'Enter') { k.preventDefault(); this.nextHit(k.shiftKey ? -1 : 1); }
      if (k.key === 'Escape' && this.search.value) { k.preventDefault(); k.stopPropagation(); this.search.value = ''; this.find(); }
    });
    this.tree.addEventListener('click', (c) => {
      const n = c.target.closest('.line')?.dataset.n;
      if (n !== undefined && !getSelection().toString()) this.toggle(+n, this.lines[n].folded);
    });
    this.tree.addEventListener('keydown', (k) => this.key(k));
  }

  /** Shows a text; the same text again leaves folds and search as they are. */
  show(text, otherwise) {
    if (text === this.text && otherwise === this.otherwise) return;
    this.text = text;
    this.otherwise = otherwise;
    const read = text === undefined ? {} : readJSON(text);
    this.lines = read.lines ?? [];
    this.tools.hidden = !read.lines;
    this.none.textContent = text === undefined ? otherwise : '';
    this.current = 0;
    this.limit = AT_ONCE;
    if (this.lines.length > 200) for (const l of this.lines) l.folded = l.open && l.depth > 2;
    if (read.error) this.tree.replaceChildren(el('div', { class: 'line', role: 'treeitem' }, text));
    else this.find(false);
  }

  find(move = true) {
    const q = this.query = this.search.value.toLowerCase();
    this.hits = [];
    if (q) {
      for (const [n, l] of this.lines.entries()) {
        if (!l.of && ((l.key ?? '') + (l.open ? '' : ' ' + l.raw)).toLowerCase().includes(q)) {
          this.hits.push(n);
          for (let p = l.parent; p; p = p.parent) p.folded = false;
        }
      }
    }
    this.hit = 0;
    if (q && this.hits.length && move) this.goTo(this.hits[0]);
    else this.draw();
    this.count();
  }

  count() {
    this.steps.hidden = !this.query;
    this.found.textContent = !this.query ? '' : this.hits.length ? `${this.hit + 1} of ${this.hits.length}` : 'none';
  }

  nextHit(by) {
    if (!this.hits.length) return;
    this.hit = (this.hit + by + this.hits.length) % this.hits.length;
    this.goTo(this.hits[this.hit]);
    this.count();
  }

  goTo(n) {
    for (let p = this.lines[n].parent; p; p = p.parent) p.folded = false;
    this.current = n;
    this.draw();
    this.node(n)?.scrollIntoView({ block: 'nearest' });
  }

  node(n) { return this.tree.querySelector(`[data-n="${n}"]`); }

  foldAll(depth) {
    for (const l of this.lines) l.folded = !!l.open && l.depth >= depth;
    this.current = 0;
    this.draw();
  }

  toggle(n, open) {
    const l = this.lines[n];
    if (!l?.open) return;
    l.folded = !open;
    this.current = n;
    this.draw();
    this.node(n).focus({ preventScroll: true });
  }

  draw() {
    const shown = [];
    let more = false;
    for (let n = 0; n < this.lines.length; n++) {
      if (shown.length >= this.limit && n > this.current) { more = true; break; }
      shown.push(this.line(n));
      if (this.lines[n].folded) n = this.lines[n].end;
    }
    if (more) {
      const b = el('button', { type: 'button' }, `Show ${count.format(AT_ONCE)} more lines`);
      b.addEventListener('click', (c) => { c.stopPropagation(); this.limit += AT_ONCE; this.draw(); });
      shown.push(b);
    }
    this.tree.replaceChildren(...shown);
  }

  line(n) {
    const l = this.lines[n];
    const node = el('div', { class: 'line', 'data-n': n, ...(l.of ? { role: 'none' } : { role: 'treeitem', 'aria-level': l.depth + 1, tabindex: n === this.current ? '0' : '-1' }) });
    node.style.setProperty('--depth', l.depth);
    if (l.open) node.setAttribute('aria-expanded', !l.folded);
    if (this.query && n === this.hits[this.hit]) node.setAttribute('data-hit', '');
    if (l.key !== null) node.append(...this.marked(l.key, 'j-key'), el('span', { class: 'j-mark' }, ': '));
    if (!l.open) node.append(...this.marked(l.raw, 'j-' + l.kind));
    else node.append(el('span', { class: 'j-mark' }, l.folded ? `${l.open} ${count.format(l.size)} ${l.open === '{' ? '}' : ']'}` : l.open));
    if (l.comma && (!l.open || l.folded)) node.append(el('span', { class: 'j-mark' }, ','));
    return node;
  }

  /** A text in its colour, with the matches of the search marked. */
  marked(text, kind) {
    const parts = el('span', { class: kind });
    let from = 0;
    if (this.query) {
      const low = text.toLowerCase();
      for (let i = low.indexOf(this.query); i >= 0; i = low.indexOf(this.query, from)) {
        parts.append(text.slice(from, i), el('mark', {}, text.slice(i, i + this.query.length)));
        from = i + this.query.length;
      }
    }
    parts.append(text.slice(from));
    return [parts];
  }

  key(k) {
    if (k.ctrlKey || k.metaKey || k.altKey) return;
    const nodes = [...this.tree.querySelectorAll('[role="treeitem"]')];
    const i = nodes.indexOf(document.activeElement);
    if (i < 0) return;
    const n = +nodes[i].dataset.n, l = this.lines[n];
    const to = (node) => {
      if (!node) return;
      nodes[i].tabIndex = -1;
      node.tabIndex = 0;
      this.current = +node.dataset.n;
      node.focus();
    };
    switch (k.key) {
      case 'ArrowDown': to(nodes[i + 1]); break;
      case 'ArrowUp': to(nodes[i - 1]); break;
      case 'Home': to(nodes[0]); break;
      case 'End': to(nodes.at(-1)); break;
      case 'ArrowRight': l.folded ? this.toggle(n, true) : l.open && to(nodes[i + 1]); break;
      case 'ArrowLeft': l.open && !l.folded ? this.toggle(n, false) : l.parent && to(this.node(this.lines.indexOf(l.parent))); break;
      case 'Enter': case ' ': this.toggle(n, l.folded); break;
      default: return;
    }
    k.preventDefault();
  }
}
