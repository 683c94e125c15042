// The sheets and dialogs: how they open and close.

import { $ } from './dom.js';
import { tell } from './model.js';

const rail = $('rail');
const roomy = matchMedia('(width >= 1180px)');

/** The switches stand beside the list where there is room, else they are a sheet. */
function placeRail() {
  if (rail.open) rail.close();
  rail.setAttribute('role', roomy.matches ? 'complementary' : 'dialog');
  if (roomy.matches && localStorage.getItem('switches') !== 'hidden') rail.setAttribute('open', '');
  $('open-rail').setAttribute('aria-expanded', rail.open);
}
roomy.addEventListener('change', placeRail);
$('open-rail').addEventListener('click', () => {
  if (!roomy.matches) return rail.showModal();
  localStorage.setItem('switches', rail.open ? 'hidden' : 'shown');
  placeRail();
});

$('open-api').addEventListener('click', () => $('api').showModal());
$('open-keys').addEventListener('click', () => $('keys').showModal());

for (const dialog of document.querySelectorAll('dialog')) {
  dialog.querySelector('[data-close]').addEventListener('click', () => dialog.matches('.detail') ? tell('close') : dialog.close());
  for (const b of dialog.querySelectorAll('.modal-foot [data-close]')) b.addEventListener('click', () => dialog.close());
  dialog.addEventListener('mousedown', (m) => { // on the backdrop
    if (m.target !== dialog || !dialog.matches(':modal')) return;
    const r = dialog.getBoundingClientRect();
    if (m.clientX < r.left || m.clientX > r.right || m.clientY < r.top || m.clientY > r.bottom) dialog.close();
  });
}

placeRail();
