test('in mode PUSH events go to the callback, signed when the switch is on', { args: ['-every', 'off'] }, async () => {
  await click('#mode label:nth-child(2)');
  await until('PUSH', () => text('#mode-hint').includes('/callback'));
  await click('[data-config=signed]');
  await until('signing', async () => {
    const c = await call('GET', '/config');
    return one('[data-config=signed]').checked && c.Mode === 'PUSH' && c.signed;
  });
  await click('#open-send');
  await until('a sample, and the way that the form proposes', () => value('#json').includes('FileUploadEvent') && value('[name=way]:checked') === 'normal');
  await click('#send-now');
  await rowSays(1, 'answered', 'normal');
  equal((await call('GET', '/events/1')).status, 200, 'the answer to a signed callback');
});

test('what is set by curl is shown', { args: ['-every', 'off'] }, async () => {
  await call('PUT', '/config', { Mode: 'PUSH', signed: true, alternatives: { NullMembers: true } });
  await until('PUSH', () => one('[name=Mode][value=PUSH]').checked && one('[data-config=signed]').checked && one('[data-alternative=NullMembers]').checked);
  await call('PUT', '/config', { Mode: 'PULL', signed: false, alternatives: { NullMembers: false } });
  await until('PULL', () => one('[name=Mode][value=PULL]').checked && !one('[data-config=signed]').checked && !one('[data-alternative=NullMembers]').checked);
});

test('what VOD leaves open is switched, from flags on', { args: ['-every', 'off', '-same-handle'] }, async () => {
  const now = async () => (await call('GET', '/config')).alternatives;
  await until('the flag', () => one('[data-alternative=SameHandle]').checked);
  one('#alternatives').closest('details').open = true;
  for (const { name } of (await call('GET', '/about')).alternatives) await click(`[data-alternative=${name}]`);
  await until('the others', async () => Object.entries(await now()).every(([name, on]) => on === (name !== 'SameHandle')));
  equal(Object.keys(await now()).sort(), (await call('GET', '/about')).alternatives.map((a) => a.name).sort(), 'alternatives');
  const before = (await call('GET', '/figures')).totals.pulls;
  await click('#timer'); // pull names no application, so VOD refuses it
  await until('the end of the pull', () => !one('#timer').hasAttribute('aria-busy'));
  await told('pull failed');
  check((await call('GET', '/figures')).totals.pulls === before, 'a call without SubAppId was taken');
});

test('choices come from dev, not from the page', { args: ['-every', '7s'] }, async () => {
  const about = await call('GET', '/about');
  const values = (selector) => [...document.querySelectorAll(selector)].map((e) => e.value ?? e.dataset.forward);
  equal(values('#mode input'), about.modes.map((m) => m.value), 'modes');
  await until('times of the timer', () => String(values('#every option')) === String([...about.every.map((e) => e.value), '7s']));
  equal(values('#sink-status option'), about.sink.map((s) => String(s.value)), 'answers of the sink');
  equal(values('#forwards button').length, about.forward.length, 'steps of the clock');
  equal(values('#counts input'), about.counts.map(String), 'how many');
  equal([...document.querySelectorAll('[data-fault]')].map((e) => e.dataset.fault), about.faults.flatMap((g) => g.kinds.map((k) => `${g.action} ${k.kind}`)), 'faults');
  equal(document.querySelectorAll('#api-docs section').length, about.calls.length, 'calls');
});

test('what dev told before a change does not undo it', { args: ['-every', 'off'] }, async () => {
  const { Setting } = await import('/setting.js');
  let shown;
  const setting = new Setting('/config', (c) => { shown = c; });
  setting.take(await call('GET', '/config'));
  const before = shown;
  await setting.put({ alternatives: { NullMembers: true } });
  check(shown.revision > before.revision, `revision ${shown.revision} after ${before.revision}`);
  setting.take(before);
  check(shown.alternatives.NullMembers, 'an older state is shown');
  setting.take(await call('GET', '/config'));
  check(shown.alternatives.NullMembers, 'the change is lost');
  const change = setting.put({ alternatives: { NullMembers: false } });
  setting.take({ ...shown, revision: shown.revision + 1e6, newer: true }); // what somebody else did meanwhile
  await change;
  check(shown.newer, 'a newer state is lost');
});
