// The editor takes and refuses what the browser's own parser does, and its
// Format button changes nothing but white space.
test('3,000 texts made by chance are read as the browser reads them', { args: ['-every', 'off'] }, async () => {
  await click('#open-send');
  await until('a sample', () => value('#json').includes('FileUploadEvent'));
  const editor = one('#json'), format = one('#format');
  let seed = 1;
  const pick = (list) => list[(seed = seed * 48271 % 2147483647) % list.length];
  const space = () => pick(['', ' ', '\n', '\t\r ']);
  const some = (make) => Array.from({ length: pick([0, 1, 2, 3]) }, make).join();
  const object = (depth) => '{' + space() + some(() => space() + '"k' + pick('abc') + '"' + space() + ':' + space() + anything(depth) + space()) + '}';
  const anything = (depth) => pick(depth > 4 ? [0] : [0, 0, 1, 2]) === 0
    ? pick(['9007199254740993', '18446744073709551615', '1.0', '-0', '1e5', '-1.25E-3', 'true', 'false', 'null', '""', '"\\u00e9\\"\\\\"', '"中{,}"'])
    : pick([true, false]) ? '[' + space() + some(() => space() + anything(depth + 1) + space()) + ']' : object(depth + 1);
  const bare = (json) => json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
  const wrong = [];
  for (let n = 0; n < 3000; n++) {
    let json = space() + object(0) + space();
    if (n % 3 === 0) { // broken somewhere, most likely
      const at = seed % json.length;
      json = json.slice(0, at) + pick([',', '"', '}', ']', '[', ':', '0', '.', 'x', '\\']) + json.slice(at + pick([0, 1]));
    }
    let valid = true;
    try { JSON.parse(json); } catch { valid = false; }
    editor.value = json;
    format.click();
    if ((editor.getAttribute('aria-invalid') === 'false') !== valid) wrong.push('valid is ' + valid + ': ' + json);
    else if (valid && bare(editor.value) !== bare(json)) wrong.push('changed: ' + json);
  }
  equal(wrong.length, 0, `wrong texts, such as ${wrong[0]}`);
});
