const rows = () => document.querySelectorAll('.event').length;
const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

/** How many nodes of the page change while something is done. */
async function changes(does) {
  let n = 0;
  const watch = new MutationObserver((list) => { n += list.length; });
  watch.observe(one('#stream'), { subtree: true, childList: true, attributes: true, characterData: true });
  does();
  await frame();
  await frame();
  n += watch.takeRecords().length;
  watch.disconnect();
  return n;
}

// A page's work is its rows that change, on any machine: the rows in sight, and
// not one for each of ten thousand events.
test('ten thousand events stay as cheap as those in sight', { args: ['-every', 'off'] }, async () => {
  await send('kind=NewFileUpload&mode=reliable&n=6000');
  await send('kind=ProcedureStateChanged&mode=reliable&n=4000');
  await until('ten thousand', () => text('#matched') === '10,000 events');
  const limit = 60 * 25; // rows, and what may change in one
  for (const words of ['n', 'ne', 'new', 'newf', 'newfi', 'newf', 'p', 'pr', 'pro', '99', '997', '9', '']) {
    const n = await changes(() => {
      one('#q').value = words;
      one('#q').dispatchEvent(new Event('input'));
    });
    check(n < limit, `the filter "${words}" changes ${n} nodes`);
    check(rows() <= 60, `${rows()} rows are in the document`);
  }
  const v = one('#viewport');
  for (let y = 0; y < v.scrollHeight; y += v.scrollHeight / 50) {
    const n = await changes(() => { v.scrollTop = y; });
    check(n < limit, `a scroll to ${y} changes ${n} nodes`);
    check(rows() <= 60, `${rows()} rows are in the document`);
  }
});

test('what the reader looks at stays in its place when more come', { args: ['-every', 'off'] }, async () => {
  await send('kind=NewFileUpload&mode=reliable&n=1000');
  await send('kind=ProcedureStateChanged&mode=reliable&n=8993');
  await until('nearly ten thousand', () => text('#matched') === '9,993 events');
  await focus('#grid');
  await keys('G');
  await rowSays(9993, 'NewFileUpload'); // the oldest is at the end
  one('#viewport').scrollTop = 36 * 5000;
  await until('the middle', () => row(5010) !== '');
  const before = row(5010);
  await send('kind=PullComplete&mode=reliable&n=7');
  await until('seven newer, and the row in its place', () => text('#newer').includes('7 newer') && row(5017) === before);
  await click('#newer');
  await rowSays(1, 'PullComplete');

  // All of them through the functions, while the page watches.
  await call('PUT', '/config', { every: '300ms' });
  await until('all confirmed', () => one('#states [data-state=confirmed] .count')?.innerText === '10,000');
  check(row(1).includes('PullComplete'), 'the newest is ' + row(1));
});
