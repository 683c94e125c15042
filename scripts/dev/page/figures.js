// The figures of the last two minutes.

import { $, say, svg } from './dom.js';
import { hear } from './model.js';
import { count, span } from './words.js';

const SECONDS = 120, HEIGHT = 28;
let series = [], totals = {};

function add(figures) {
  totals = figures.totals;
  const last = series.at(-1)?.t ?? 0;
  series = series.concat(figures.series.filter((p) => p.t > last)).slice(-300); // one may have come with the past
  draw();
}

function draw() {
  if (document.hidden) return;
  const end = series.at(-1)?.t ?? 0;
  const recent = series.filter((p) => p.t > end - SECONDS);
  const last = recent.slice(-5);
  const rate = last.length ? last.reduce((sum, p) => sum + p.out, 0) / last.length : 0;
  const most = (name) => recent.reduce((m, p) => Math.max(m, p[name] ?? 0), 0);
  const x = (p) => SECONDS - (end - p.t);
  const y = (v, max) => (HEIGHT - v / Math.max(max, 1) * (HEIGHT - 2)).toFixed(1);
  const base = svg('path', { class: 'chart-base', d: `M0 ${HEIGHT}H${SECONDS}` });

  const line = (name, max) => {
    const d = recent.filter((p) => p[name] !== undefined).map((p) => `${x(p)} ${y(p[name], max)}`).join('L');
    return d && `M${d}h.01`; // h: a single point is seen too
  };
  const area = (name) => {
    const max = most(name), d = line(name, max);
    return d ? [svg('path', { class: 'chart-area', d: `${d}V${HEIGHT}H${x(recent[0])}z` }), base, svg('path', { class: 'chart-line', d })] : [base];
  };
  const bars = (name) => {
    const max = most(name);
    return [base, svg('path', { class: 'chart-bars', d: recent.filter((p) => p[name]).map((p) => `M${x(p)} ${HEIGHT}V${y(p[name], max)}`).join('') })];
  };

  figure('rate', [rate >= 10 || rate === 0 ? Math.round(rate) : rate.toFixed(1)], area('out'), `at most ${most('out')} in a second`);
  const since = totals.sinceEventS;
  $('rate-unit').textContent = since === undefined ? 'events/s out, none yet' : `events/s out, last ${since < 60 ? `${since} s` : span(since * 1000)} ago`;
  figure('backlog', [totals.backlog ?? 0], area('backlog'), `at most ${most('backlog')}`);
  $('backlog-unit').textContent = totals.leased ? `of them ${count.format(totals.leased)} leased` : 'in the queue';
  figure('misses', [totals.leaseMisses ?? 0], bars('leaseMisses'), `${recent.reduce((s, p) => s + (p.leaseMisses ?? 0), 0)} within two minutes`);
  figure('duplicates', [totals.duplicates ?? 0], bars('duplicates'), `${recent.reduce((s, p) => s + (p.duplicates ?? 0), 0)} within two minutes`);
  document.querySelector('[data-figure="unwanted"]').hidden = !totals.unwanted;
  figure('unwanted', [totals.unwanted ?? 0], bars('unwanted'), `${recent.reduce((s, p) => s + (p.unwanted ?? 0), 0)} within two minutes`);
  const slowest = most('p99Ms');
  const took = (ms) => ms === undefined || !totals.through ? '–' : span(ms);
  figure('took', [took(totals.p50Ms), took(totals.p99Ms)],
    [base, svg('path', { class: 'chart-line second', d: line('p99Ms', slowest) }), svg('path', { class: 'chart-line', d: line('p50Ms', slowest) })], `slowest second: ${span(slowest)}`);
}

function figure(name, values, marks, words) {
  const f = document.querySelector(`[data-figure="${name}"]`);
  const text = values.map((v) => typeof v === 'number' ? count.format(v) : v);
  f.querySelectorAll('output').forEach((o, i) => say(o, text[i]));
  const chart = f.querySelector('svg');
  chart.setAttribute('viewBox', `0 0 ${SECONDS} ${HEIGHT}`);
  chart.setAttribute('aria-label', `The last two minutes: ${words}`);
  chart.replaceChildren(...marks);
}

hear('figures', add);
hear('past', (past) => {
  ({ series, totals } = past);
  draw();
});
