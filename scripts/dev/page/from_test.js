for (const kind of ['postgres', 'mysql']) {
  test(`the parked rows of a table in ${kind} are shown, delivered again and discarded, and nothing else is there`, { args: [], from: kind }, async () => {
    const rows = () => [...document.querySelectorAll('#letters-list > li')];
    const done = (...words) => until(`who did what: ${words}`, () => words.every((w) => text('#letters-entries').includes(w)));
    await until('the rows', () => rows().length === 3);
    check(rows()[0].innerText.includes('5285890784273530000') && rows()[0].innerText.includes('5 attempts') && rows()[0].innerText.includes('since 2026-11-24 08:00:00 UTC'), rows()[0].innerText);
    check(rows()[0].innerText.includes('the sink answers 409') && rows()[0].innerText.includes('first: the sink answers 500'), rows()[0].innerText);
    for (const gone of ['#tab-events', '#tab-media', '#rail', '#figures', '#open-send']) check(!one(gone).checkVisibility(), gone + ' is shown');
    await until('where it is', () => text('#where') === 'dead letters' && text('#letters-where').includes('127.0.0.1'));

    await click('#letters-list button');
    await done('delivered again', '5285890784273530000');
    await until('two rows', () => rows().length === 2);
    await click('#letters-all-discard');
    await until('the question', () => one('#letters-ask').open && text('#letters-ask-title') === 'Discard 2 dead letters?');
    check(text('#letters-ask-text').includes('actions.jsonl') && text('#letters-ask-text').includes('vodctl replay'), text('#letters-ask-text'));
    await click('#letters-ask-yes');
    await done('discarded', '5285890784273530002');
    await until('none', () => rows().length === 0 && !one('#letters-empty').hidden);
    await click('#letters-again');
    await until('looked', () => !one('#letters-again').hasAttribute('aria-busy'));
    await keys('n', 't', '2', '?'); // only ? does something here
    await until('the keys', () => one('#keys').open);
    check(!one('#send').open && one('#panel-media').hidden, 'a key did what is not there');
    check(!document.documentElement.outerHTML.includes('s3cret'), 'the password is in the page');
    check(!JSON.stringify([await call('GET', '/about'), await call('GET', '/letters')]).includes('s3cret'), 'the password is in the API');
  });
}
