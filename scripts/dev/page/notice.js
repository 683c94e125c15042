// What the page tells its reader in passing: short messages, and buttons that
// are busy.

import { $, el, icon } from './dom.js';
import { plural } from './words.js';

export function toast(text, bad = false) {
  const box = $('toasts');
  const close = el('button', { type: 'button', class: 'quiet', 'aria-label': 'Dismiss' }, icon('i-close'));
  const t = el('div', { class: 'toast', 'data-bad': bad }, el('p', {}, text), close);
  const drop = () => { t.remove(); if (!box.children.length && box.matches(':popover-open')) box.hidePopover(); };
  close.addEventListener('click', drop);
  setTimeout(drop, bad ? 12e3 : 5e3);
  while (box.children.length > 2) box.firstChild.remove();
  if (box.matches(':popover-open')) box.hidePopover(); // shown again, it lies above a dialog that opened meanwhile
  box.showPopover();
  box.append(t);
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied`);
  } catch {
    toast(`The browser does not let this page copy. Here it is:\n${text}`, true);
  }
}

/** A shell command with a button that copies it. */
export function shell(command) {
  const button = el('button', { type: 'button', 'aria-label': 'Copy: ' + command.slice(0, 80) }, icon('i-copy'));
  button.addEventListener('click', () => copy(command, 'Command'));
  return el('div', { class: 'shell' }, el('pre', {}, command), button);
}

/** Does something for a button, which is busy meanwhile; tells of an error. */
export async function act(button, what) {
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  try {
    await what();
  } catch (e) {
    toast(e.message, true);
  } finally {
    button.removeAttribute('aria-busy');
  }
}

const sentTo = { reliable: 'put into the queue', normal: 'sent by push' };

/** Tells how many events were sent, and where to. */
export const reportSent = (answer, mode) => toast(`${plural(answer.count, 'event', 'events')} ${sentTo[mode] ?? 'sent'}`);
