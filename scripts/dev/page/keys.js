// The keys that work everywhere.

import { about } from './api.js';
import { $ } from './dom.js';
import { model, tell } from './model.js';
import { openSend } from './send.js';
import { fire, forward } from './switches.js';
import { focusList, showEvents, showLetters, showMedia, view } from './views.js';

const letters = $('letters');
letters.checked = localStorage.getItem('letters') !== 'off';
letters.addEventListener('change', () => localStorage.setItem('letters', letters.checked ? 'on' : 'off'));

const KEYS = {
  '1': () => { showEvents(); focusList(); },
  '2': () => { showMedia(); focusList(); },
  '3': () => { showLetters(); focusList(); },
  '/': () => { view.search.focus(); view.search.select(); },
  'j': () => { view.opened() || focusList(); view.step(1); },
  'k': () => { view.opened() || focusList(); view.step(-1); },
  'g': () => { focusList(); view.step(-Infinity); },
  'G': () => { focusList(); view.step(Infinity); },
  'n': () => openSend(),
  'r': () => model.opened && $('resend').click(),
  'e': () => model.opened && $('edit').click(),
  't': () => fire(),
  'f': () => model.config.real || forward($('forward')),
  '?': () => $('keys').showModal(),
};

if (about.from) for (const key of '12nreft') delete KEYS[key]; // what they do is not there

document.addEventListener('keydown', (k) => {
  if (k.ctrlKey || k.metaKey || k.altKey || k.defaultPrevented) return;
  const modal = document.querySelector('dialog:modal');
  if (modal && !modal.matches('.detail')) return;
  if (k.key === 'Escape' && (model.opened || model.media) && !modal) {
    k.preventDefault();
    return tell('close');
  }
  if (k.target.matches('input:not([type="checkbox"], [type="radio"], [type="range"]), textarea, select')) return;
  const does = Object.hasOwn(KEYS, k.key) && letters.checked && KEYS[k.key];
  if (!does) return;
  k.preventDefault();
  does();
});
