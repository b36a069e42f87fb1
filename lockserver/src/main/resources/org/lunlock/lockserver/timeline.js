// SPDX-License-Identifier: Apache-2.0
// Who held a volume when: one lane for each host, one bar for each holding.

import {duration, element, moment} from './text.js';

const SVG = 'http://www.w3.org/2000/svg';
const LANE = 24;
const BAR = 12;
const AXIS = 22;
const LANES_MAX = 8;
const BAR_WIDTH_LEAST = 3;
const HOUR = 3600e3;
const SPAN_LEAST = HOUR / 6;
const SPAN_MOST = 30 * 24 * HOUR;
/** Half of a label of the axis, which must not stick out. */
const TICK_HALF = 30;
const STEPS = [
  60e3, 2 * 60e3, 5 * 60e3, 10 * 60e3, HOUR / 2, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR,
  7 * 24 * HOUR,
];

const ENDINGS = {released: 'given back', expired: 'expired', forced: 'taken away'};

function shape(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** The same host has the same color on every page; similar names have different ones. */
function hue(host) {
  let hash = 0x811c9dc5;
  for (const character of host) {
    hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;
  }
  return (hash % 12) * 30 + 10;
}

/** Holdings that are over and the one that is not, the latest first. */
function all(history, holder) {
  const now = holder
    ? [{...holder, ended: new Date().toISOString(), ending: 'held', reason: '', endedBy: ''}] : [];
  return [...now, ...history];
}

function describe(holding) {
  const length = duration(Date.parse(holding.ended) - Date.parse(holding.since));
  const end = holding.ending === 'held' ? 'and has it still' : ENDINGS[holding.ending];
  const by = holding.ending === 'forced' ? ` by ${holding.endedBy}: ${holding.reason}` : '';
  const command = holding.command ? `\n${holding.command}` : '';
  return `${holding.host}, from ${moment(holding.since)} for ${length}, ${end}${by}${command}`;
}

/** From the oldest holding on, up to a month. */
function span(holdings) {
  const oldest = Math.min(...holdings.map((it) => Date.parse(it.since)));
  return Math.min(SPAN_MOST, Math.max(SPAN_LEAST, (Date.now() - oldest) * 1.02));
}

function tick(time, step) {
  const midnight = new Date(time).getHours() === 0 && new Date(time).getMinutes() === 0;
  const options = midnight || step >= 24 * HOUR
    ? {month: 'short', day: 'numeric'} : {hour: '2-digit', minute: '2-digit'};
  return new Intl.DateTimeFormat([], options).format(time);
}

/** One stop of the tab key for all bars: arrows go from one to the next in time. */
function walk(picture, bars) {
  bars.sort((one, other) => one.since - other.since);
  const nodes = bars.map((it) => it.node);
  nodes.at(-1)?.setAttribute('tabindex', '0');
  picture.addEventListener('keydown', (event) => {
    const at = nodes.indexOf(document.activeElement);
    const to = {
      ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: nodes.length - 1,
    }[event.key];
    if (at >= 0 && nodes[to]) {
      event.preventDefault();
      nodes[at].setAttribute('tabindex', '-1');
      nodes[to].setAttribute('tabindex', '0');
      nodes[to].focus();
    }
  });
}

/** Draws into the figure; width in CSS pixels. */
export function draw(figure, history, holder, width) {
  const holdings = all(history, holder);
  if (holdings.length === 0) {
    figure.replaceChildren(element('p', 'faint', 'Nobody has held it yet.'));
    return;
  }
  const end = Date.now();
  const begin = end - span(holdings);
  const shown = holdings.filter((it) => Date.parse(it.ended) >= begin);
  const hosts = [...new Set(shown.map((it) => it.host))].slice(0, LANES_MAX);
  const gutter = Math.min(150, Math.round(width * 0.3));
  const room = width - gutter - 8;
  const x = (time) => gutter + Math.max(0, (time - begin) / (end - begin)) * room;
  const height = hosts.length * LANE + AXIS;
  const picture = shape('svg', {
    viewBox: `0 0 ${width} ${height}`, width, height, role: 'list',
    'aria-label': 'Who held it when',
  });
  const step = STEPS.find((it) => (end - begin) / it <= room / 64) || STEPS.at(-1);
  const zone = new Date(end).getTimezoneOffset() * 60e3;
  for (let time = Math.ceil((begin - zone) / step) * step + zone; time < end; time += step) {
    const at = x(time);
    picture.append(shape('line', {
      x1: at, x2: at, y1: 0, y2: height - AXIS + 4, class: 'grid',
    }));
    const atEdge = at + TICK_HALF > width;
    picture.append(shape('text', {
      x: atEdge ? width : at, y: height - 5, class: 'tick',
      'text-anchor': atEdge ? 'end' : 'middle', 'aria-hidden': 'true',
    }, tick(time, step)));
  }
  const bars = [];
  hosts.forEach((host, lane) => {
    const middle = lane * LANE + LANE / 2;
    const fits = Math.max(4, Math.floor(gutter / 7.2));
    const label = host.length > fits ? `${host.slice(0, fits - 1)}…` : host;
    picture.append(shape('text', {
      x: 0, y: middle + 4, class: 'lane', 'aria-hidden': 'true',
    }, label));
    for (const holding of shown.filter((it) => it.host === host)) {
      const from = x(Date.parse(holding.since));
      const to = Math.max(from + BAR_WIDTH_LEAST, x(Date.parse(holding.ended)));
      const bar = shape('rect', {
        x: from, y: middle - BAR / 2, width: to - from, height: BAR, rx: 3,
        fill: `hsl(${hue(host)} 45% 50%)`, class: `bar ${holding.ending}`, role: 'listitem',
        tabindex: -1, 'aria-label': describe(holding),
      }, shape('title', {}, describe(holding)));
      bars.push({since: Date.parse(holding.since), node: bar});
      picture.append(bar);
      if (holding.ending === 'expired' || holding.ending === 'forced') {
        picture.append(shape('circle', {
          cx: to, cy: middle, r: 4, class: `mark ${holding.ending}`,
        }));
      }
    }
  });
  walk(picture, bars);
  figure.replaceChildren(picture);
}

/** The same as rows, for whoever reads rather than looks. */
export function table(history, holder) {
  const head = element('tr', '', ...['Host', 'From', 'For', 'Ended', 'Token'].map(
      (it) => element('th', '', it)));
  const rows = all(history, holder).slice(0, 50).map((it) => element(
      'tr', '',
      element('td', '', it.host),
      element('td', '', moment(it.since)),
      element('td', '', duration(Date.parse(it.ended) - Date.parse(it.since))),
      element('td', it.ending,
          it.ending === 'held' ? 'has it still' : ENDINGS[it.ending]
              + (it.ending === 'forced' ? ` by ${it.endedBy}: ${it.reason}` : '')),
      element('td', 'number', String(it.token))));
  return element('table', '', element('thead', '', head), element('tbody', '', ...rows));
}
