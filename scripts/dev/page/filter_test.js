test('the text filter finds what is in the bodies too', { args: ['-every', 'off'] }, async () => {
  await send('kind=PullComplete&mode=reliable&n=100', { SessionContext: 'all of them' });
  await until('a hundred', () => text('#matched') === '100 events');
  await write('#q', 'all of THEM');
  await until('all found', () => text('#matched') === '100 of 100 events');
  await write('#q', 'none of them');
  await until('none found', () => !one('#none').hidden);
  await click('#unfilter');
  await until('all of them', () => one('#none').hidden && text('#matched') === '100 events');
});

test('events are filtered by state and by type', { args: ['-every', '300ms'] }, async () => {
  await send('kind=PullComplete&mode=reliable&n=100');
  await until('confirmed', () => one('#states [data-state=confirmed] .count')?.innerText === '100');
  await send('kind=FileDeleted&mode=normal');
  await rowSays(1, 'answered');
  await click('#states [data-state=answered]');
  await until('the answered', () => text('#matched') === '1 of 101 events');
  await click('#states [data-state=confirmed]');
  await until('the answered and confirmed', () => text('#matched') === '101 of 101 events');
  await choose('#type', 'FileDeleted');
  await until('those deleted', () => text('#matched') === '1 of 101 events');
});
