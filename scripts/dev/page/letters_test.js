const letterRows = () => [...document.querySelectorAll('#letters-list > li')];
const letterRow = (n) => letterRows()[n - 1]?.innerText.replace(/\s+/g, ' ') ?? '';
const letterSays = (n, ...words) => until(`dead letter ${n}: ${words}`, () => words.every((w) => letterRow(n).includes(w)));
const lines = () => text('#letters-entries').replace(/\s+/g, ' ');
const saysDone = (...words) => until(`who did what: ${words}`, () => words.every((w) => lines().includes(w)));

const showLetters = async () => {
  await click('#tab-letters');
  await until('the tab', () => !one('#panel-letters').hidden);
};
const refuse = (status = 400) => call('PUT', '/faults', { sink: { probability: 1, status, delayMs: 0 } });
const fix = () => call('PUT', '/faults', { sink: { probability: 0 } });

test('a sink refuses an event, it is parked, the sink is fixed, and the event is delivered again', { args: ['-every', '300ms'] }, async () => {
  await showLetters();
  await until('nothing', () => !one('#letters-empty').hidden);
  await slide('[data-sink="probability"]', 'End');
  await choose('#sink-status', '400');
  await until('the fault', async () => (await call('GET', '/faults')).sink.status === 400);
  await click('#open-send');
  await until('a sample', () => value('#json').includes('FileUploadEvent'));
  await click('#send-now');
  await letterSays(1, 'NewFileUpload', 'permanent', 'refused it for good', 'answers 400', '1 attempt', 'since 2');
  await until('the count', () => text('#letters-count') === '1' && text('#letters-matched') === '1 dead letter' && one('#letters-empty').hidden);

  await click('#letters-list button'); // while the sink still refuses it
  await saysDone('not delivered');
  await told('1 not delivered');
  equal(letterRows().length, 1, 'dead letters');
  await slide('[data-sink="probability"]', 'Home');
  await until('fixed', async () => (await call('GET', '/faults')).sink.probability === 0);
  await click('#letters-list button');
  await until('none', () => letterRows().length === 0 && !one('#letters-empty').hidden && text('#letters-count') === '');
  await saysDone('delivered again', 'by ', 'NewFileUpload');
  await click('#tab-events');
  await rowSays(1, 'delivered', 'NewFileUpload');
  await click('.event');
  await until('the history', () => text('#history').includes('delivered again by'));
});

test('all of a filter are delivered again or discarded, after a question', { args: ['-every', '300ms'] }, async () => {
  await refuse();
  await send('kind=NewFileUpload&mode=reliable&n=120');
  await send('kind=PullComplete&mode=reliable&n=2');
  await until('all', async () => (await call('GET', '/letters?limit=1')).matched === 122);
  await fix();
  await showLetters();
  await until('a portion', () => letterRows().length === 100 && text('#letters-more') === 'Show 22 more');
  await click('#letters-more');
  await until('all rows', () => letterRows().length === 122 && one('#letters-more').hidden);

  await write('#letters-type', 'Pull*');
  await until('two', () => letterRows().length === 2 && text('#letters-matched') === '2 dead letters of this filter');
  await click('#letters-all-discard');
  await until('the question', () => one('#letters-ask').open && text('#letters-ask-title') === 'Discard 2 dead letters?');
  await escape('#letters-ask');
  equal((await call('GET', '/letters?limit=1')).matched, 122, 'after no');
  await click('#letters-all-discard');
  await until('the question again', () => one('#letters-ask').open);
  await click('#letters-ask-yes');
  await until('none of the filter', () => !one('#letters-none').hidden);
  await saysDone('discarded', 'PullComplete');
  await click('#letters-unfilter');
  await until('the others', () => text('#letters-matched') === '120 dead letters');

  await choose('#letters-reason', 'attempts');
  await until('another reason', () => !one('#letters-none').hidden);
  await choose('#letters-reason', 'permanent');
  await until('the reason', () => text('#letters-matched') === '120 dead letters of this filter');
  await click('#letters-all-deliver');
  await until('the question', () => one('#letters-ask').open && text('#letters-ask-title') === 'Deliver 120 dead letters again?');
  await click('#letters-ask-yes');
  await told('120 delivered again');
  await until('nothing is left', async () => (await call('GET', '/letters')).matched === 0 && letterRows().length === 0);
});

test('a dead letter is looked at, copied as curl and discarded, by keys', { args: ['-every', '300ms'] }, async () => {
  await refuse();
  await send('mode=reliable', { EventType: 'NewFileUpload', FileUploadEvent: { FileId: '5285890784273530777', Name: '<img src=x onerror=alert(1)>' } });
  await until('the first', async () => (await call('GET', '/letters')).matched === 1); // it is the older one
  await send('kind=PullComplete&mode=reliable');
  await until('both', async () => (await call('GET', '/letters')).matched === 2);
  await fix();
  await keys('3');
  await until('the list', () => focused() === 'letters-list' && letterRows().length === 2);
  equal(document.querySelector('.skip').hash, '#letters-list', 'the skip link');
  await keys('j');
  await until('the first', () => document.activeElement === letterRows()[0]);
  await keys('ArrowDown');
  await until('the second', () => document.activeElement === letterRows()[1]);
  await keys('ArrowUp', 'Tab', 'Tab', 'Tab');
  await until('the third button', () => document.activeElement.innerText === 'Copy as curl');
  navigator.clipboard.writeText = async (words) => { window.copied = words; };
  await keys('Enter');
  await until('copied', () => window.copied?.startsWith('curl -H'));
  await saysDone('copied as curl');
  await keys('Tab', 'Enter');
  await until('the event', () => text('.letter-event').includes('<img src=x onerror=alert(1)>'));
  const answer = await shell(window.copied.replace('curl', 'curl -sS'));
  check(answer.includes('"id"') && !answer.includes('error'), 'curl answered ' + answer);

  await keys('/');
  await until('the filter', () => focused() === 'letters-subject');
  await write('#letters-subject', '5285890784273530777');
  await until('one', () => letterRows().length === 1);
  await click('#letters-list button:nth-of-type(2)');
  await until('the question', () => one('#letters-ask').open && text('#letters-ask-text').includes('memory of this run'));
  await click('#letters-ask-yes');
  await until('gone', () => !one('#letters-none').hidden);
  await saysDone('discarded', '5285890784273530777');
});

test('what somebody else did meanwhile is shown, and a filter that has grown is read again', { args: ['-every', '300ms'], refused: 409 }, async () => {
  await refuse();
  await send('kind=PullComplete&mode=reliable&n=2');
  await until('both', async () => (await call('GET', '/letters')).matched === 2);
  await showLetters();
  await until('the list', () => letterRows().length === 2);
  await click('#letters-all-discard');
  await until('the question', () => one('#letters-ask').open);
  await send('kind=PullComplete&mode=reliable');
  await until('three', async () => (await call('GET', '/letters')).matched === 3);
  await until('the list has followed', () => letterRows().length === 3);
  await click('#letters-ask-yes');
  await told('there are 3 now, not 2');
  equal((await call('GET', '/letters')).matched, 3, 'dead letters');
});

test('what is done with a dead letter elsewhere is shown at once, also that it failed', { args: ['-every', '300ms'] }, async () => {
  await showLetters();
  await refuse();
  await send('kind=PullComplete&mode=reliable');
  await letterSays(1, 'PullComplete');
  const [{ id }] = (await call('GET', '/letters')).letters;
  for (const [n, does, words] of [[1, 'deliver', 'not delivered'], [2, 'curl', 'copied as curl']]) { // neither takes it off the list
    await call('POST', '/letters/' + does, { ids: [id] });
    await saysDone(words);
    await until('a line', () => document.querySelectorAll('#letters-entries > li').length === n);
    await until('nobody is at it', () => !letterRow(1).includes('somebody is working on it'));
  }
});
