test('a first visit invites, and its commands run', { args: ['-every', '300ms'] }, async () => {
  await until('the invitation', () => !one('#empty').hidden);
  const printed = await shell(text('#tries pre'));
  check(printed.includes('"id"'), 'the command printed ' + printed);
  await rowSays(1, 'answered');
});

test('the API is explained call by call, with commands for this address', { args: ['-every', 'off'] }, async () => {
  await click('#open-api');
  await until('the API', () => one('#api').open);
  for (const words of ['/api/events', '/api/events/{id}', '/api/events/{id}/resend', '/api/kinds', '/api/config', '/api/faults', '/api/clock', '/api/timer', '/api/figures', '/api/stream', location.origin]) {
    check(text('#api-docs').includes(words), words + ' is not explained');
  }
});
