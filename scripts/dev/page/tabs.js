// Tabs: a click or the arrow keys show one panel and hide the others.

import { $ } from './dom.js';

/** Makes tabs of a tab list; selected(tab) is called when one is chosen. Returns what chooses. */
export function makeTabs(list, selected = () => {}) {
  const tabs = [...list.querySelectorAll('[role="tab"]')];
  const select = (tab) => {
    for (const t of tabs) {
      t.setAttribute('aria-selected', t === tab);
      t.tabIndex = t === tab ? 0 : -1;
      $(t.getAttribute('aria-controls')).hidden = t !== tab;
    }
    selected(tab);
  };
  for (const [i, tab] of tabs.entries()) {
    tab.addEventListener('click', () => select(tab));
    tab.addEventListener('keydown', (k) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[k.key];
      if (to === undefined) return;
      k.preventDefault();
      select(tabs[to % tabs.length]);
      tabs[to % tabs.length].focus();
    });
  }
  return select;
}
