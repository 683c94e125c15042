// Light and dark, as the reader's system has it or as chosen here.

import { $ } from './dom.js';

const THEMES = ['system', 'light', 'dark'];
function showTheme(theme) {
  const root = document.documentElement;
  theme === 'system' ? delete root.dataset.theme : root.dataset.theme = theme;
  $('theme').querySelector('use').setAttribute('href', '#i-' + theme);
  $('theme').setAttribute('aria-label', `Colours: ${theme === 'system' ? 'as the system' : theme}`);
  $('theme').title = $('theme').getAttribute('aria-label');
}
let theme = THEMES.includes(localStorage.getItem('theme')) ? localStorage.getItem('theme') : 'system';
$('theme').addEventListener('click', () => {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % 3];
  localStorage.setItem('theme', theme);
  showTheme(theme);
});

showTheme(theme);
