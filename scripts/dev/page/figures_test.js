const unwanted = '[data-figure="unwanted"]';

test('events that no sink wants by types= are a figure of their own, and are named in the list', { args: ['-every', '300ms'], env: ['SINK=stdout:?types=NewFileUpload'] }, async () => {
  await send('kind=NewFileUpload&mode=reliable');
  await rowSays(1, 'confirmed', 'NewFileUpload');
  await until('a figure', () => text('#rate-unit').includes('ago'));
  check(one(unwanted).hidden, 'there is a figure of what is unwanted before anything is');
  await send('kind=PullComplete&mode=reliable&n=2');
  await send('kind=PullComplete&mode=normal');
  await until('three', () => !one(unwanted).hidden && text(unwanted + ' output') === '3');
  equal(text('[data-figure="duplicates"] output'), '0', 'duplicates');
  await until('the bars', () => one(unwanted + ' .chart-bars').getAttribute('d') !== '' && one(unwanted + ' svg').getAttribute('aria-label').includes('3 within two minutes'));
  await rowSays(1, 'PullComplete', 'unwanted');
  await click('.event');
  await until('the words', () => text('#d-facts').includes('no sink has its EventType in types='));
});
