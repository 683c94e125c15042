// An event whose numbers no float can hold.
const big = `{
  "EventType": "NewFileUpload",
  "FileUploadEvent": {
    "FileId": "9007199254740993",
    "Number": 9007199254740993,
    "Spelled": 1.0
  }
}`;

const sample = (words = 'FileUploadEvent') => until('a sample', () => value('#json').includes(words));

async function sendBig() {
  await click('#open-send');
  await sample();
  await write('#json', big);
  await until('valid JSON', () => text('#json-state').startsWith('Valid JSON'));
  await click('#send-now');
  await rowSays(1, 'confirmed');
  await click('.event');
  await until('the event', () => text('#panel-body').includes('"Number": 9007199254740993,') && text('#panel-body').includes('"Spelled": 1.0'));
}

test('the form offers every kind and says where JSON is wrong', { args: ['-every', 'off'] }, async () => {
  await click('#open-send');
  const { kinds } = await call('GET', '/kinds');
  await until('the kinds', () => document.querySelectorAll('#kind option').length === kinds.length);
  check(kinds.length >= 36, `${kinds.length} kinds`);
  await sample();
  await write('#json', '{"EventType": "NewFileUpload",}');
  await until('the error', () => text('#json-state').startsWith('Line 1, column 31'));
});

test('an event is sent, seen confirmed, opened and searched', { args: ['-every', '300ms'] }, async () => {
  await sendBig();
  await until('its history', () => ['queued', 'pulled', 'delivered', 'confirmed'].every((s) => text('#history').includes(s)));
  await click('#tab-cloud');
  await until('the CloudEvent', () => text('#panel-cloud').includes('"specversion": "1.0"') && text('#panel-cloud').includes('9007199254740993,'));
  await write('#panel-cloud input', 'fileid');
  await until('a match', () => one('#panel-cloud mark')?.innerText === 'FileId' && text('#panel-cloud .found') === '1 of 1');
  await click('#tab-log');
  await until('the log', () => !one('#panel-log').hidden);
  await click('#tab-body');
  await click('#curl');
  await told('copied');
  const line = await navigator.clipboard.readText();
  check(line.startsWith('curl ') && line.includes('9007199254740993'), 'copied ' + line);
});

test('an event is sent again, as it was and edited, to the byte', { args: ['-every', '300ms'] }, async () => {
  await sendBig();
  const first = openedID();
  await click('#resend'); // a duplicate, unless another instance of pull gets it
  await until('the resent one', () => /duplicate|resent/.test(row(1)) && row(1).includes('confirmed'));

  await click('#edit');
  await sample('9007199254740993');
  const edited = big.replaceAll('9007199254740993', '18446744073709551615');
  await write('#json', edited);
  await click('#send-now');
  await rowSays(1, '18446744073709551615', 'confirmed', 'resent');
  await click('.event[aria-rowindex="2"]');
  await until('the edited number', () => text('#panel-body').includes('"Number": 18446744073709551615,'));
  const event = await call('GET', '/events/' + openedID());
  equal(event.body, edited, 'sent');
  equal(event.resendOf, first, 'resend of');
});

test('many events of a kind keep what was changed and differ in the rest', { args: ['-every', 'off'] }, async () => {
  await click('#open-send');
  await sample();
  await choose('#kind', 'PullComplete');
  await until('its sample', () => value('#json').includes('"EventType": "PullComplete"') && value('#json').includes('"SessionContext": ""'));
  await write('#json', value('#json').replace('"SessionContext": ""', '"SessionContext": "all of them"'));
  await click('#counts label:nth-child(3)');
  await click('#send-now');
  await until('a hundred', () => text('#matched') === '100 events');
  const { events } = await call('GET', '/events?q=all+of+them&limit=1000');
  equal(events.length, 100, 'events');
  equal(new Set(events.map((e) => e.subject)).size, 100, 'subjects');
});

test('another form of a kind says how it differs, and sends all of its events', { args: ['-every', 'off'] }, async () => {
  await click('#open-send');
  await sample();
  await choose('#kind', 'ProcedureStateChanged/change');
  await until('the sample', () => value('#json').includes('"Change"') && text('#kind-text').includes('three events'));
  await click('#send-now');
  await until('three events', () => text('#matched') === '3 events');
  const { events } = await call('GET', '/events');
  equal(new Set(events.map((e) => e.type)).size, 1, 'types');
});
