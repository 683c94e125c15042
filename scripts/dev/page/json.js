// Reading JSON without changing how anything in it is spelled.

/**
 * Reads JSON into lines, one for each thing that stands on a line of its own
 * when printed. Every scalar keeps its spelling. Gives either lines or the
 * error with its place.
 */
export function readJSON(text) {
  const lines = [], stack = [];
  let at = 0, key = null, keyStart = 0, want = 'value';

  const bad = (message, where = at) => {
    const before = text.slice(0, where).split('\n');
    return { error: message, line: before.length, column: before.at(-1).length + 1 };
  };
  const space = () => { while (at < text.length && ' \t\n\r'.includes(text[at])) at++; };
  /** The end of the string that begins at `at`, or -1. */
  const stringEnd = () => {
    for (let i = at + 1; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === 34) return i + 1;
      if (c < 32) return -1;
      if (c === 92) {
        const e = text[++i];
        if (e === 'u' && /^[0-9a-fA-F]{4}$/.test(text.slice(i + 1, i + 5))) i += 4;
        else if (!e || !'"\\/bfnrt'.includes(e)) return -1;
      }
    }
    return -1;
  };
  const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
  const add = (line) => {
    const parent = stack.at(-1);
    if (parent) parent.size++;
    lines.push(Object.assign(line, { depth: stack.length, key, parent, start: at, keyStart: key === null ? at : keyStart }));
    key = null;
    want = stack.length ? 'more' : 'end';
  };
  const close = () => {
    const open = stack.pop();
    at++;
    open.stop = at;
    if (open.size) {
      open.end = lines.length;
      lines.push({ depth: stack.length, key: null, parent: stack.at(-1), raw: text[at - 1], kind: 'mark', of: open });
    } else { // {} and [] stand on one line
      open.raw = open.open + text[at - 1];
      open.kind = 'mark';
      open.open = undefined;
    }
    want = stack.length ? 'more' : 'end';
  };

  for (;;) {
    space();
    const c = text[at];
    if (want === 'end') return c === undefined ? { lines } : bad('Something follows the end of the JSON.');
    if (c === undefined) return bad(text.trim() ? 'The JSON ends too early.' : 'There is no JSON yet.');
    const container = stack.at(-1);
    const closer = container && (container.open === '{' ? '}' : ']');
    if (want === 'more') {
      if (c === closer) close();
      else if (c === ',') {
        at++;
        const before = lines.at(-1);
        before.comma = true;
        if (before.of) before.of.comma = true;
        want = container.open === '{' ? 'key' : 'value';
      } else return bad(`Here should be a comma or ${closer}`);
    } else if (want.startsWith('key')) {
      if (c === closer && want === 'key?') { close(); continue; }
      const end = c === '"' ? stringEnd() : -1;
      if (end < 0) return bad(c === '"' ? 'This name does not end, or holds a bad character.' : 'Here should be a name in double quotes.');
      key = text.slice(at, end);
      keyStart = at;
      at = end;
      space();
      if (text[at] !== ':') return bad('Here should be a colon.');
      at++;
      want = 'value';
    } else if (c === ']' && want === 'value?') {
      close();
    } else if (c === '{' || c === '[') {
      const line = { open: c, size: 0 };
      add(line);
      stack.push(line);
      at++;
      want = c === '{' ? 'key?' : 'value?';
    } else {
      scalar.lastIndex = at;
      const end = c === '"' ? stringEnd() : scalar.test(text) ? scalar.lastIndex : -1;
      if (end < 0) return bad(c === '"' ? 'This string does not end, or holds a bad character.' : 'This is no JSON value.');
      const raw = text.slice(at, end);
      add({ raw, kind: c === '"' ? 'string' : c === '-' || c >= '0' && c <= '9' ? 'number' : 'literal' });
      lines.at(-1).stop = at = end;
    }
  }
}

export const printed = (lines, depth = 0) => lines.map((l) =>
  '  '.repeat(l.depth - depth) + (l.key === null ? '' : l.key + ': ') + (l.open ?? l.raw + (l.comma ? ',' : ''))).join('\n');

/** The members of an object that begins at lines[i]: key → its lines. */
export function membersOf(lines, i) {
  const members = new Map();
  for (let n = i + 1; n < lines[i].end;) {
    const end = lines[n].open ? lines[n].end : n;
    members.set(lines[n].key, lines.slice(n, end + 1));
    n = end + 1;
  }
  return members;
}
