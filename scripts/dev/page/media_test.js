const mediaRows = () => [...document.querySelectorAll('#media-rows .media-row')];

/** The text of the n-th media that is shown, from 1. */
const mediaRow = (n) => mediaRows()[n - 1]?.innerText.replace(/\s+/g, ' ') ?? '';
const mediaSays = (n, ...words) => until(`media ${n}: ${words}`, () => words.every((w) => mediaRow(n).includes(w)));
const detailSays = (part, ...words) => until(`${part}: ${words}`, () => words.every((w) => text(part).includes(w)));

/** Moves VOD's clock past the end of what runs. */
const pass = () => call('POST', '/clock', { forward: '5s' });

const showMedia = async () => {
  await click('#tab-media');
  await until('the tab', () => !one('#panel-media').hidden);
};

test('a media is uploaded, processed, processed again with a failure, deleted in part and whole', { args: ['-every', '300ms'] }, async () => {
  await showMedia();
  await until('the invitation', () => !one('#media-empty').hidden);
  await click('#upload');
  await told('uploaded');
  await pass();
  await mediaSays(1, 'ready', '1 event');
  await until('the count', () => one('#media-empty').hidden && text('#media-count') === '1');
  check(!one('#media-rows img'), 'there is a cover before any event tells of one');

  await click('#media-rows .media-row');
  await until('the media', () => one('#media-detail').open && text('#md-events').includes('NewFileUpload'));
  await click('#md-process');
  await told('procedure');
  await pass();
  await detailSays('#md-results', 'Transcode 10', 'Transcode 30', 'AdaptiveDynamicStreaming 12', 'CoverBySnapshot 10', ' MB');
  await until('the cover', () => one('#md-cover img')?.naturalWidth > 0 && one('#media-rows img')?.naturalWidth > 0);
  await mediaSays(1, 'ready', 'Transcode 10');

  await choose('#md-fails', 'Transcode');
  await click('#md-process');
  await pass();
  await detailSays('#md-results', 'failed', 'SourceFileError');
  await until('the error', () => text('#md-error').includes('SourceFileError') && !one('#md-error').hidden);
  await mediaSays(1, 'ready', 'Transcode 10 failed');

  await click('#md-delete-Transcode-30');
  await pass();
  await until('the part is gone', () => /Transcode 30\s+deleted/.test(text('#md-results')) && !one('#md-delete-Transcode-30'));
  check(one('#md-delete-AdaptiveDynamicStreaming-12'), 'the stream is gone too');

  await choose('#md-part', 'OriginalFiles');
  await click('#md-delete');
  await pass();
  await until('the original is hidden', () => registerOf('media_url')?.includes('a deletion covers it'));
  await mediaSays(1, 'ready');

  await choose('#md-part', '');
  await click('#md-delete');
  await pass();
  await mediaSays(1, 'deleted');
  await until('nothing is left to do', () => one('#md-process').disabled && one('#md-delete').disabled && text('#md-facts').includes('deleted'));
  await until('there is no cover', () => !one('#media-rows img') && !one('#md-cover img'));
  await until('all events', () => text('#md-events').split('FileDeleted').length === 4);
});

const registerOf = (name) => [...document.querySelectorAll('#md-registers > li')].find((li) => li.querySelector('.register').innerText === name)?.innerText;

test('a media opened tells which event set which value and which it beat, and leads there and back', { args: ['-every', '300ms'] }, async () => {
  await call('POST', '/media', { name: '<img src=x onerror=alert(1)>.mp4' });
  await pass();
  await showMedia();
  await mediaSays(1, '<img src=x onerror=alert(1)>', 'ready');
  await click('#media-rows .media-row');
  await until('the values', () => registerOf('name')?.includes('NewFileUpload'));
  await click('#md-process');
  await pass();
  await until('the copy', () => /<img src=x onerror=alert\(1\)>[^]*NewFileUpload[^]*ProcedureStateChanged[^]*a copy, which never wins/.test(registerOf('name') ?? ''));
  await until('the name', () => text('#md-name') === '<img src=x onerror=alert(1)>');
  await until('the status', () => registerOf('Transcode 10 status')?.includes('SUCCESS'));
  await choose('#md-fails', 'Transcode');
  await click('#md-process');
  await pass();
  await until('what was beaten', () => /FAIL: SourceFileError[^]*SUCCESS[^]*beaten: earlier/.test(registerOf('Transcode 10 status') ?? ''));

  await click('#md-event-1');
  await until('the event', () => one('#detail').open && !one('#media-detail').open && text('#d-type') === 'ProcedureStateChanged' && focused() === 'd-type');
  await keys('Escape');
  await until('the media again', () => !one('#detail').open && one('#media-detail').open && focused() === 'md-name');
  await keys('Escape');
  await until('the list again', () => !one('#media-detail').open && focused() === 'media-grid');
});

test('the media are walked, filtered and opened by keys, and the link opens one again', { args: ['-every', '300ms'] }, async () => {
  for (const name of ['first.mp4', 'second.mp4', 'third.mp4']) {
    await call('POST', '/media', { name });
    await pass();
    await until(name, async () => (await call('GET', '/media?q=' + name.slice(0, -4))).matched === 1);
  }
  await keys('2');
  await until('the list', () => focused() === 'media-grid' && mediaRows().length === 3);
  equal(document.querySelector('.skip').hash, '#media-grid', 'the skip link');
  await mediaSays(1, 'third');
  const cursor = () => document.getElementById(one('#media-grid').getAttribute('aria-activedescendant'))?.innerText ?? '';
  await keys('g', 'j');
  await until('the second row', () => cursor().includes('second'));
  await keys('Enter');
  await until('opened', () => focused() === 'md-name' && text('#md-name') === 'second');
  await keys('j');
  await until('the next', () => text('#md-name') === 'first');
  const link = location.hash;
  await keys('Escape');
  await until('closed', () => focused() === 'media-grid' && !one('#media-detail').open);
  await keys('/');
  await until('the filter', () => focused() === 'media-q');
  await write('#media-q', 'seco');
  await until('one', () => mediaRows().length === 1 && text('#media-matched') === '1 of 3 media');
  await keys('zz');
  await until('none', () => !one('#media-none').hidden);
  await keys('Escape');
  await until('all', () => mediaRows().length === 3);
  await choose('#media-state', 'failed');
  await until('none failed', () => !one('#media-none').hidden);
  await click('#media-unfilter');
  await until('all again', () => mediaRows().length === 3);
  await keys('1');
  await until('the events', () => focused() === 'grid' && one('#panel-media').hidden);

  document.activeElement.blur(); // a page in a frame sets the focus only where there is none
  const again = document.body.appendChild(document.createElement('iframe'));
  again.src = '/' + link;
  await until('the link', () => again.contentDocument?.getElementById('md-name')?.textContent === 'first');
});

test('the page shows media that fail, are reviewed, and a thousand of them, in portions', { args: ['-every', '300ms'] }, async () => {
  await send('kind=NewFileUpload&mode=reliable&n=1000');
  await until('a thousand', () => text('#media-count') === '1,000');
  equal(mediaRows().length, 0, 'rows while the tab is not shown');
  const FileId = '5285890784273533777';
  await send('mode=normal', { EventType: 'ReviewAudioVideoComplete', ReviewAudioVideoCompleteEvent: { TaskId: 't', Status: 'FINISH', Input: { FileId }, Output: { Suggestion: 'block', Label: 'Porn' } } });
  await send('mode=normal', { EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: { TaskId: 'p', Status: 'FINISH', FileId, FileName: 'broken', MediaProcessResultSet: [
    { Type: 'Transcode', TranscodeTask: { Status: 'FAIL', ErrCodeExt: 'SourceFileError', Message: 'no video stream', Input: { Definition: 30 }, Output: null } }] } });
  await showMedia();
  await mediaSays(1, 'broken', 'failed', 'SourceFileError', 'block, Porn', '2 events');
  await until('a hundred rows', () => mediaRows().length === 100);
  await click('#media-more');
  await until('more', () => mediaRows().length === 200);
  await until('a screen reader is told', () => one('#live').textContent.includes('1 media failed'));
});
