// The JSON API of dev. The bodies of events are handled as text from end to end,
// because an identifier above 2^53 would not survive JSON.parse.

// Beside a number that a float would change stands its spelling.
export class Exact {
  constructor(source) { this.source = source; }
  valueOf() { return Number(this.source); }
  toString() { return this.source; }
}
const exact = (_, value, context) =>
  typeof value === 'number' && context?.source !== undefined && String(value) !== context.source ? new Exact(context.source) : value;

/** A value as JSON, numbers as they were spelled. */
export const spelled = (v) => v === null || typeof v !== 'object' ? JSON.stringify(v)
  : v instanceof Exact ? v.source
  : Array.isArray(v) ? `[${v.map(spelled).join()}]` : `{${Object.entries(v).map(([k, x]) => `${JSON.stringify(k)}:${spelled(x)}`).join()}}`;

/** Calls the API. Throws an Error whose message tells people what to do. */
export async function api(method, path, body) {
  let answer;
  try {
    answer = await fetch('/api' + path, { method, body, headers: method === 'GET' ? {} : { 'Content-Type': 'application/json' } });
  } catch {
    throw new Error('dev does not answer. Is it still running?');
  }
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text, path.startsWith('/events/') ? exact : undefined);
  let problem = {};
  try { problem = JSON.parse(text); } catch { /* not ours: the status must do */ }
  throw new Error(problem.detail || problem.title || `dev answered ${answer.status}`);
}

export const send = (method, path, value) => api(method, path, JSON.stringify(value));

/** The path of an event, or of something of it. */
export const pathOf = (id, rest = '') => `/events/${encodeURIComponent(id)}${rest}`;

/**
 * What dev knows and the page need not: states, kinds of faults, choices,
 * calls. Nothing can be shown without it, so it is asked for until it comes.
 */
export const about = await (async () => {
  for (;;) {
    try {
      return await api('GET', '/about');
    } catch {
      await new Promise((again) => setTimeout(again, 1000));
    }
  }
})();
