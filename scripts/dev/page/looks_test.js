/** Every text that is shown with a contrast below 4.5 to what is behind it. */
function contrasts() {
  const colour = (css) => { const [r, g, b, a = 1] = css.match(/[\d.]+/g).map(Number); return { r, g, b, a }; };
  const light = ({ r, g, b }) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = colour(getComputedStyle(e).backgroundColor);
      if (c.a === 1) return c;
    }
    return { r: 255, g: 255, b: 255 };
  };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
  const bad = [];
  for (const e of document.querySelectorAll('body *')) {
    if (!(e instanceof HTMLElement) || !seen(e)) continue;
    const of = (what, style) => {
      const r = ratio(colour(style.color), behind(e));
      if (r < 4.5) bad.push(`contrast ${r.toFixed(2)} of ${what} in ${e.closest('[class]')?.className || e.tagName}`);
    };
    const own = [...e.childNodes].filter((n) => n.nodeType === 3 && n.data.trim()).map((n) => n.data.trim()).join(' ');
    if (own) of(JSON.stringify(own.slice(0, 40)), getComputedStyle(e));
    if (e.matches('textarea, select')) of(e.id, getComputedStyle(e));
    if (e.placeholder) of('placeholder', getComputedStyle(e, '::placeholder'));
  }
  return bad;
}

const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getClientRects().length > 0;

/** Every box whose content is wider than it is, or that leaves the window. */
function overflows() {
  const bad = [];
  for (const e of document.querySelectorAll('html, .top, .filters, .rail, .detail, .modal, .modal-body, .cells, .media-row, .letters-all, #letters-list > li, .letters-scroll, .lost, .empty, .panel, .group, .history')) {
    if (seen(e) && e.scrollWidth > e.clientWidth + 1) bad.push(`too wide: ${e.id || e.className}, ${e.scrollWidth} in ${e.clientWidth}`);
  }
  for (const e of document.querySelectorAll('.top > *, .filters > *, .buttons > *, .together > *, .media-row > *, #letters-list > li > *, #letters-entries > li > *, .letters-all > *, .modal-foot > *')) {
    const r = e.getBoundingClientRect();
    if (seen(e) && (r.left < -1 || r.right > innerWidth + 1)) bad.push(`out of the window: ${e.id || e.className} at ${r.right}`);
  }
  return bad;
}

const lookNow = (place) => { for (const bad of new Set([...contrasts(), ...overflows()])) check(false, `${place}: ${bad}`); };

/** Looks when the page has followed its window: observers of sizes run a frame later, or many on a busy machine. */
async function look(place) {
  for (const end = performance.now() + 60e3; performance.now() < end && overflows().length > 0;) await new Promise((r) => setTimeout(r, 50));
  lookNow(place);
}

/** Events in several states: answered, parked, pulled. */
async function several() {
  await send('kind=CreateSnapshotByTimeOffsetComplete&mode=normal&n=3');
  await rowSays(3, 'answered');
  await call('PUT', '/faults', { sink: { probability: 1, status: 400, delayMs: 0 } });
  await send('kind=ComplexAdaptiveDynamicStreamingComplete&mode=reliable&n=3');
  await pull();
  await rowSays(1, 'parked');
  await call('PUT', '/faults', { faults: [{ action: 'PullEvents', kind: 'lost', probability: 1 }], sink: { probability: 0 } });
  await send('kind=RestoreMediaComplete&mode=reliable&n=3');
  pull(); // it asks again and again for as long as its time lasts
  await rowSays(1, 'pulled');
}

const pull = () => call('POST', '/timer');

async function openFifth() {
  await click('.event[aria-rowindex="5"]');
  await eventShown();
}

async function openDialog(name) {
  await click('#open-' + name);
  await until('the dialog', () => one('#' + name).open && (name !== 'send' || value('#json') !== ''));
}

for (const name of ['light', 'dark']) {
  test(`${name} has enough contrast, and nothing leaves its place`, { args: ['-every', 'off'] }, async () => {
    await scheme(name);
    await until('the invitation', () => !one('#empty').hidden);
    await look('a first visit');
    await several();
    await size(1600, 1000);
    await look('the list');
    document.querySelectorAll('.rail details').forEach((d) => { d.open = true; });
    await look('the switches');
    await openFifth();
    await write('#panel-body input', 'complex');
    await until('a match', () => one('#panel-body mark'));
    await look('opened');
    await keys('Escape');
    await escape('#detail');
    for (const dialog of ['send', 'api']) {
      await openDialog(dialog);
      await look(dialog);
      await escape('#' + dialog);
    }
  });
}

test('narrow or wide, nothing leaves its place', { args: ['-every', 'off'] }, async () => {
  await size(360, 740);
  await until('the invitation', () => !one('#empty').hidden);
  await look('a first visit on a phone');
  await size(1440, 900);
  await several();
  for (const width of [360, 390, 480, 640, 768, 900, 1024, 1180, 1280]) {
    await size(width, 740);
    await until('the width', () => innerWidth === width);
    await until('the list to follow', () => one('#stream').classList.contains('narrow') === (one('#stream').clientWidth < 560));
    await look(String(width));
    for (const figure of document.querySelectorAll('.figures output')) figure.textContent = '98765 min'; // until the next second
    lookNow(width + ', large figures');
    await openFifth();
    await look(width + ', opened');
    await click('#detail [data-close]');
    await until('closed', () => !one('#detail').open);
    await openDialog('send');
    await look(width + ', form');
    await escape('#send');
    if (width < 1180) {
      await click('#open-rail');
      await until('the switches', () => one('#rail').open);
      await look(width + ', switches');
      await escape('#rail');
    }
  }
});

/** A media in each state, with results of each kind, one of them reviewed. */
async function everyMedia() {
  const deliver = (EventType, member, payload) => send('mode=normal', { EventType, [member]: payload });
  const procedure = async (n, Status, ...MediaProcessResultSet) => {
    await deliver('ProcedureStateChanged', 'ProcedureStateChangeEvent', { TaskId: `1500012345-Procedure-0123456789abcdef0123456789abcde${n}t0`, Status, FileId: '528589078427353377' + n, FileName: 'A long name of a lecture without any end to it ' + n, FileUrl: n === 4 ? undefined : 'https://media.example.com/original.mp4', MetaData: { Size: 123456789, Duration: 3723, Width: 1920, Height: 1080 }, MediaProcessResultSet });
    await until('the media', async () => (await call('GET', '/media')).matched === n); // so that they are heard of in this order
  };
  const transcode = (Definition, Status) => ({ Type: 'Transcode', TranscodeTask: { Status, ErrCodeExt: Status === 'FAIL' ? 'SourceFileError' : '', Message: 'no video stream that could be read', Input: { Definition }, Output: Status === 'SUCCESS' ? { Url: `https://media.example.com/v.f${Definition}.mp4`, Size: 9876543, Width: 1280, Height: 720, Duration: 3723 } : null } });
  await procedure(1, 'FINISH', transcode(100030, 'SUCCESS'), transcode(100040, 'FAIL'), { Type: 'CoverBySnapshot', CoverBySnapshotTask: { Status: 'SUCCESS', Input: { Definition: 10 }, Output: { CoverUrl: 'https://media.example.com/cover.jpg' } } });
  await procedure(2, 'FINISH', transcode(100030, 'FAIL'));
  await procedure(3, 'PROCESSING', transcode(100030, 'PROCESSING'));
  await procedure(4, 'FINISH');
  await procedure(5, 'FINISH', transcode(100030, 'SUCCESS'));
  await deliver('FileDeleted', 'FileDeleteEvent', { FileIdSet: ['5285890784273533771', '5285890784273533775'], FileDeleteResultInfo: [{ FileId: '5285890784273533771', DeleteParts: [{ Type: 'OriginalFiles' }] }, { FileId: '5285890784273533775', DeleteParts: [] }] });
  await deliver('ReviewAudioVideoComplete', 'ReviewAudioVideoCompleteEvent', { TaskId: 'r', Input: { FileId: '5285890784273533771' }, Output: { Suggestion: 'block', Label: 'Terrorism' } });
  await deliver('ReviewAudioVideoComplete', 'ReviewAudioVideoCompleteEvent', { TaskId: 'r', Input: { FileId: '5285890784273533772' }, Output: { Suggestion: 'review', Label: 'Sexy' } });
  await until('a media in each state', async () => {
    const { media } = await call('GET', '/media');
    return new Set(media.map((m) => m.state)).size === 5 && media.filter((m) => m.review).length === 2;
  });
}

test('the media have enough contrast and keep their places, in light and dark, narrow and wide', { args: ['-every', 'off'] }, async () => {
  await click('#tab-media');
  await until('the invitation', () => !one('#media-empty').hidden);
  await size(360, 740);
  await look('no media on a phone');
  await everyMedia();
  for (const [name, width] of [['light', 1600], ['dark', 1280], ['light', 1024], ['dark', 900], ['light', 640], ['dark', 390], ['light', 360]]) {
    await scheme(name);
    await size(width, 740);
    await until('the list to follow', () => innerWidth === width && one('#stream').classList.contains('narrow') === (one('#stream').clientWidth < 560));
    await until('the media', () => document.querySelectorAll('#media-rows .media-row').length === 5);
    await look(`${name}, ${width}, media`);
    for (const [n, title] of [[5, '1'], [4, '2']]) { // the first heard of is the last
      await click(`#media-rows .media-row:nth-child(${n})`);
      await until('the media', () => text('#md-name').endsWith(title) && one('#md-registers li'));
      await look(`${name}, ${width}, media ${title} opened`);
      await click('#media-detail [data-close]');
      await until('closed', () => !one('#media-detail').open);
    }
  }
});

test('the dead letters have enough contrast and keep their places, in light and dark, narrow and wide', { args: ['-every', '300ms'] }, async () => {
  await click('#tab-letters');
  await until('the invitation', () => !one('#letters-empty').hidden);
  await size(360, 740);
  await look('no dead letter on a phone');
  await call('PUT', '/faults', { sink: { probability: 1, status: 400, delayMs: 0 } });
  await send('kind=CreateAigcAdvancedCustomElementCompleteEvent&mode=reliable&n=2');
  await send('mode=reliable', { no: 'event', text: 'x'.repeat(300) });
  await until('all', async () => (await call('GET', '/letters')).matched === 3);
  const [first, second] = (await call('GET', '/letters')).letters;
  await call('POST', '/letters/discard', { ids: [first.id] });
  await call('POST', '/letters/deliver', { ids: [second.id] }); // the sink still refuses it
  for (const [name, width] of [['light', 1600], ['dark', 1280], ['light', 1024], ['dark', 900], ['light', 640], ['dark', 390], ['light', 360]]) {
    await scheme(name);
    await size(width, 740);
    await until('the list to follow', () => innerWidth === width && one('#stream').classList.contains('narrow') === (one('#stream').clientWidth < 560));
    await until('the dead letters', () => document.querySelectorAll('#letters-list > li').length === 2 && document.querySelectorAll('#letters-entries > li').length === 2);
    if (!one('.letter-event')) {
      await click('#letters-list li:nth-of-type(2) button:nth-of-type(4)');
      await until('the event', () => one('.letter-event .line'));
    }
    await look(`${name}, ${width}, dead letters`);
    await click('#letters-all-discard');
    await until('the question', () => one('#letters-ask').open);
    await look(`${name}, ${width}, the question`);
    await escape('#letters-ask');
  }
});

test('the switch of colours wins over the system, and is remembered', { args: ['-every', 'off'] }, async () => {
  const isDark = (w) => w.getComputedStyle(w.document.body).backgroundColor === 'rgb(17, 19, 21)';
  await scheme('light');
  await click('#theme');
  await click('#theme');
  await until('dark', () => isDark(window));
  document.activeElement.blur(); // a page in a frame sets the focus only where there is none
  const again = document.body.appendChild(document.createElement('iframe'));
  again.src = '/';
  await until('dark in a page opened again', () => again.contentDocument?.body && isDark(again.contentWindow));
});
