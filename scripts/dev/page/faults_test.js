test('an event whose pull was lost comes again as the clock is forwarded', { args: ['-every', 'off'] }, async () => {
  const lost = '[data-fault="PullEvents lost"]';
  await slide(lost, 'End');
  await until('the fault', () => text('#fault-badge') === '1');
  const [id] = await send('kind=NewFileUpload&mode=reliable');
  await rowSays(1, 'queued');
  await click('#timer');
  await until('leased', () => row(1).includes('pulled') && / \d+ s/.test(row(1).replaceAll('\n', ' ')));
  await click('.event');
  await until('the lease', () => one('#d-facts .lease')?.innerText.includes(' s'));
  await slide(lost, 'Home');
  await until('no fault', () => one('#fault-badge').hidden);
  await until('the end of the pull', () => !one('#timer').hasAttribute('aria-busy'));
  await click('#forward');
  await until('redelivered', () => row(1).includes('redelivered') && text('#history').includes('redelivered'));
  await until('the clock', () => text('#clock-offset') === '30 s ahead');
  await until('a lease miss', () => text('[data-figure=misses] output') === '1');
  await click('#timer');
  await rowSays(1, 'confirmed');
  await until('two tries', () => text('#d-facts').includes('2 tries'));
  await until('two tries, of which one came out', async () => {
    const { attempts, outs } = await call('GET', '/events/' + id); // what a function prints is heard of by another way
    return attempts === 2 && outs === 1;
  });
});

test('a callback whose answer is lost is sent again', { args: ['-every', 'off'] }, async () => {
  await click('.fault-group:last-of-type summary');
  await slide('[data-fault="Callback lost"]', 'End');
  await until('the fault', () => text('#fault-badge') === '1');
  await send('kind=NewFileUpload&mode=normal');
  await until('the row', () => row(1) !== '');
  await click('.event');
  await until('timed out', () => text('#history').includes('timed out'));
  await until('the retry', () => text('#d-facts').includes('2 tries'));
  await click('#calm');
  await until('no fault', () => one('#fault-badge').hidden);
});

test('a sink that refuses parks', { args: ['-every', '300ms'] }, async () => {
  await slide('[data-sink=probability]', 'End');
  await choose('[data-sink=status]', '400');
  await until('the hint', () => text('#sink-hint').includes('parked'));
  await until('the sink', () => text('#fault-badge') === '1');
  await until('dev has it', async () => (await call('GET', '/faults')).sink.status === 400);
  await send('kind=PullComplete&mode=reliable');
  await rowSays(1, 'parked');
  await click('.event[aria-rowindex="2"]');
  await until('its log', () => text('#log-count') !== '');
  await click('#tab-log');
  await until('the reason', () => text('#panel-log').includes('parked'));
});
