test('dev goes away and comes back; the page says so and recovers', { args: ['-every', '300ms'] }, async () => {
  equal(text('#rate-unit'), 'events/s out, none yet');
  await send('kind=NewFileUpload&mode=reliable');
  await rowSays(1, 'confirmed');
  await until('the seconds since the last event', () => /last \d+ s ago$/.test(text('#rate-unit')));
  await stopDev();
  await until('the banner', () => !one('#lost').hidden && text('#conn-text') === 'connection lost');
  await startDev();
  await until('recovered', () => one('#lost').hidden && text('#conn-text') === 'live');
  await until('the new dev has no events', () => !one('#empty').hidden);
  await click('#first');
  await rowSays(1, 'confirmed');
});

// The real VOD is another dev's stand-in here.
test('with -real the events of VOD are seen, and nothing that only a stand-in can do', { args: ['-every', '300ms'], vod: true }, async () => {
  await until('the real VOD', () => text('#where') === 'the real VOD');
  const shown = [...document.querySelectorAll('[data-standin]')].filter((e) => e.checkVisibility()).map((e) => e.outerHTML.slice(0, 80));
  equal(shown, [], 'shown');
  await callVOD('POST', '/api/events?kind=PullComplete&mode=reliable');
  await rowSays(1, 'PullComplete', 'delivered');
  await click('#open-send');
  await until('a sample', () => value('#json').includes('FileUploadEvent'));
  await click('#send-now');
  await rowSays(1, 'answered');
});
