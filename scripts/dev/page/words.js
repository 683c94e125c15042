// Numbers, times and lengths of time in words.

export const count = new Intl.NumberFormat('en-US');
export const plural = (n, one, many) => `${count.format(n)} ${n === 1 ? one : many}`;

const two = (n) => String(n).padStart(2, '0');

export function clockTime(ms, millis = true) {
  const d = new Date(ms);
  const s = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  return millis ? `${s}.${String(d.getMilliseconds()).padStart(3, '0')}` : s;
}

/** A length of time for people: 61 ms, 5.2 s, 3 min 5 s, 4 d 1 h. */
export function span(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60e3) return `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`;
  const parts = [[864e5, 'd'], [36e5, 'h'], [6e4, 'min'], [1e3, 's']];
  const first = parts.findIndex(([size]) => ms >= size);
  return parts.slice(first, first + 2).map(([size, unit], i) => [Math.floor((i ? ms % parts[first][0] : ms) / size), unit])
    .filter(([n]) => n).map((p) => p.join(' ')).join(' ');
}

/** A number of bytes for people: 812 B, 1.2 MB. */
export function bytes(n) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const i = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(n, 1)) / 3));
  const v = n / 1000 ** i;
  return `${i && v < 10 ? v.toFixed(1) : Math.round(v)} ${units[i]}`;
}

/** How long a media plays: 0:42, 1:02:03. */
export function playtime(seconds) {
  const s = Math.round(seconds), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}
