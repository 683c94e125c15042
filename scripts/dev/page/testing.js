// What a test of the page is written with. A test runs in the page itself, in a
// window of its own beside a dev of its own. What a script cannot do, such as
// pressing a key, it hands to page_test.go.
//
//   test('what is true', { args: ['-every', 'off'] }, async () => { … });
//
// args are dev's flags. With vod: true dev runs with -real, and the real VOD is
// another dev's stand-in. With refused: 409 the browser may note that dev answered so;
// env: ['SINK=…'] are variables of dev; with from: 'postgres' or 'mysql' dev runs with -from, beside a table of such a server
// in which events are parked. Every test ends with a look at the console, which must
// be empty, and at the requests, which must all have gone to dev.

const tests = [];
const faults = [];

function test(name, options, run) { tests.push({ name, ...options, run }); }

/** Runs the n-th test of a file; gives what is wrong. */
async function runTest(n) {
  try {
    await tests[n].run();
  } catch (e) {
    faults.push(e.stack);
  }
  return faults;
}

// ---------------------------------------------------------------------- claims

const where = () => new Error().stack.split('\n').find((line) => line.includes('_test.js')) ?? '';

/** Notes what is not so. The test goes on. */
function check(so, words) { if (!so) faults.push(words + where()); }

function equal(got, want, words = 'got') {
  const [g, w] = [got, want].map((v) => JSON.stringify(v));
  check(g === w, `${words}: ${g}, want ${w}`);
}

/** Waits until something is so. The test ends if it never is. */
async function until(words, so) {
  for (const end = performance.now() + 180e3; !await so();) {
    if (performance.now() > end) throw new Error('never: ' + words);
    await new Promise((again) => setTimeout(again, 20));
  }
}

// -------------------------------------------------------------- what is shown

const one = (selector) => document.querySelector(selector);
const text = (selector) => one(selector).innerText;
const value = (selector) => one(selector).value;

/** The text of the n-th row that is shown, from 1. */
const row = (n) => one(`.event:not([hidden])[aria-rowindex="${n + 1}"]`)?.innerText ?? '';

/** Waits until the n-th row holds all the words. */
const rowSays = (n, ...words) => until(`row ${n}: ${words}`, () => words.every((w) => row(n).includes(w)));

const messages = []; // each is shown for some seconds
if (one('#toasts')) {
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) messages.push(...[...addedNodes].map((n) => n.textContent));
  }).observe(one('#toasts'), { childList: true });
}

/** Waits until the page has told its reader something. It may be gone again. */
const told = (words) => until('the message: ' + words, () => messages.some((m) => m.includes(words)));

/** The id of the element that has the focus, or of the nearest around it. */
const focused = () => document.activeElement?.closest('[id]')?.id ?? '';

const openedID = () => location.hash.slice(1);

/** Waits for the event that was opened. */
const eventShown = () => until('the event', () => one('#panel-body .line'));

// -------------------------------------------------- what the reader does, by Go

const click = (selector) => hand('click', selector);
const focus = (selector) => hand('focus', selector);
const write = (selector, words) => hand('write', selector, words); // replaces what is there
const keys = (...names) => hand('keys', ...names);                 // as in chromedp/kb, or text
const withCtrl = (key) => hand('ctrl', key);
const size = (width, height) => hand('size', width, height);
const scheme = (name) => hand('scheme', name);
const slide = async (selector, key) => { await focus(selector); await keys(key); }; // End: all; Home: none
const shell = (command) => hand('shell', command);
const parts = () => hand('parts');
const stopDev = () => hand('stop dev');
const startDev = () => hand('start dev');                          // at the same address
const callVOD = (method, path, body = '') => hand('vod', method, path, body);

/** Closes a dialog with Escape. */
async function escape(dialog) {
  await keys('Escape');
  await until(dialog + ' closed', () => !one(dialog).open);
}

/**
 * Chooses a value in a list, with the arrow keys. Letters would do too on a machine that
 * is never slow: the browser forgets those of a second ago, and then a space opens the
 * list.
 */
async function choose(selector, wanted) {
  const list = one(selector);
  await focus(selector);
  await until(`${wanted} in ${selector}`, async () => {
    const by = [...list.options].findIndex((o) => o.value === wanted) - list.selectedIndex;
    if (by !== 0) await keys(by < 0 ? 'ArrowUp' : 'ArrowDown');
    return by === 0;
  });
}

// --------------------------------------------------------- dev's API, by fetch

/** Calls the API; the body may be an object. */
async function call(method, path, body) {
  const answer = await fetch('/api' + path, {
    method, headers: method === 'GET' ? {} : { 'Content-Type': 'application/json' }, body: typeof body === 'object' ? JSON.stringify(body) : body,
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Makes events and gives their ids. */
const send = async (query, body = '') => (await call('POST', '/events?' + query, body)).ids;
