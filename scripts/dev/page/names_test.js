const operated = ['button', 'textbox', 'searchbox', 'combobox', 'slider', 'switch', 'radio', 'radiogroup', 'grid', 'row', 'tab', 'tabpanel', 'tree', 'treeitem', 'dialog', 'region', 'complementary', 'link', 'image'];

test('a screen reader has a name for all that can be operated', { args: ['-every', '300ms'] }, async () => {
  await send('kind=NewFileUpload&mode=reliable');
  await rowSays(1, 'confirmed');
  await click('.event');
  await eventShown();
  document.querySelectorAll('details').forEach((d) => { d.open = true; });
  const seen = new Set();
  const look = async (place) => {
    for (const { role, name } of await parts()) {
      seen.add(role);
      check(!operated.includes(role) || name !== '', `${place}: a ${role} has no name`);
    }
  };
  await look('the page');
  await call('POST', '/media', { name: 'harbor.mp4', process: true });
  for (let n = 0; n < 2; n++) await call('POST', '/clock', { forward: '5s' });
  await click('#tab-media');
  await until('the media', () => [...document.querySelectorAll('#media-rows .media-row')].find((r) => r.innerText.includes('CoverBySnapshot'))?.click() ?? one('#media-detail').open);
  await until('its values', () => one('#md-registers li') && one('#md-cover img'));
  await look('a media');
  await call('PUT', '/faults', { sink: { probability: 1, status: 400, delayMs: 0 } });
  await send('kind=NewFileUpload&mode=reliable');
  await click('#tab-letters');
  await until('a dead letter', () => one('#letters-list button'));
  await look('the dead letters');
  await click('#letters-all-discard');
  await until('the question', () => one('#letters-ask').open);
  await look('the question');
  await escape('#letters-ask');
  await click('#tab-events');
  for (const dialog of ['send', 'api', 'keys']) {
    await click('#open-' + dialog);
    await until('the dialog', () => one('#' + dialog).open);
    await look(dialog);
    await escape('#' + dialog);
  }
  for (const role of ['grid', 'row', 'slider', 'switch', 'tree', 'treeitem', 'dialog', 'tab', 'figure']) check(seen.has(role), `there is no ${role}: ${[...seen]}`);
});
