const cursorRow = () => document.getElementById(one('#grid').getAttribute('aria-activedescendant'))?.ariaRowIndex;

test('the form is filled and sent without a mouse', { args: ['-every', '300ms'] }, async () => {
  await keys('Tab');
  await until('the skip link', () => document.activeElement.matches('.skip'));
  await keys('Enter');
  await until('the list', () => focused() === 'grid');
  await keys('n');
  await until('the form', () => focused() === 'kind' && value('#json') !== '');
  for (let n = 0; n < 24; n++) { // the focus stays in the dialog
    await keys('Tab');
    const at = document.activeElement;
    check(at === document.body || one('#send').contains(at), 'the focus left the dialog for ' + at.outerHTML.slice(0, 200));
  }
  await focus('#json');
  await withCtrl('Enter');
  await until('sent and closed', () => !one('#send').open && row(1).includes('confirmed'));
  await until('the list again', () => focused() === 'grid');
});

test('events are walked, opened, folded and sent again by keys', { args: ['-every', '300ms'] }, async () => {
  await send('kind=PullComplete&mode=reliable&n=41');
  await until('all of them', () => one('#states [data-state=confirmed] .count')?.innerText === '41');
  await focus('#grid');
  await keys('g', 'jjj', 'ArrowDown', 'k');
  await until('the fourth row', () => cursorRow() === '5');
  await keys('Enter');
  await until('the event', () => focused() === 'd-type');
  const fourth = openedID();
  await keys('j');
  await until('the next event', () => openedID() !== fourth && one('#panel-body .line'));

  for (let n = 0; n < 30 && !document.activeElement.matches('#panel-body .line'); n++) await keys('Tab');
  const lines = () => document.querySelectorAll('#panel-body .line').length, before = lines();
  await keys('ArrowLeft');
  await until('folded', () => document.activeElement.ariaExpanded === 'false' && lines() < before);
  await keys('ArrowRight');
  await until('unfolded', () => document.activeElement.ariaExpanded === 'true');

  await keys('r');
  await until('resent', () => text('#matched') === '42 events');
  await keys('e');
  await until('the editor', () => focused() === 'json');
  await escape('#send');
  await keys('Escape');
  await until('the list', () => focused() === 'grid' && !one('#detail').open);
});

test('the filter, the keys and the clock are reached by keys', { args: ['-every', 'off'] }, async () => {
  await send('kind=PullComplete&mode=reliable');
  await rowSays(1, 'queued');
  await keys('/');
  await until('the filter', () => focused() === 'q');
  await keys('nosuchthing');
  await until('no event', () => !one('#none').hidden);
  await keys('Escape');
  await until('all events', () => one('#none').hidden && value('#q') === '');
  await keys('Escape');
  await keys('?');
  await until('the keys', () => one('#keys').open);
  await escape('#keys');
  await keys('f');
  await until('forward', () => text('#clock-offset') === '30 s ahead');
});

test('the focus is always to be seen', { args: ['-every', 'off'] }, async () => {
  await send('kind=PullComplete&mode=reliable');
  await rowSays(1, 'queued');
  document.activeElement.blur();
  one('.skip').focus();
  const visited = new Set();
  for (let n = 0; n < 80; n++) {
    await keys('Tab');
    const e = document.activeElement;
    if (e === document.body) break;
    const at = `${e.tagName}#${e.id}.${e.className} ${e.name ?? ''}${JSON.stringify(e.dataset)}`;
    await until('a focus that is seen at ' + at, () => [e, e.nextElementSibling, e.querySelector('[data-cursor]')].some((x) => x && getComputedStyle(x).outlineStyle !== 'none'));
    if (visited.has(at) && at.includes('skip')) break;
    visited.add(at);
  }
  check(visited.size >= 25, `only ${visited.size} stops of the Tab key: ${[...visited]}`);
});
