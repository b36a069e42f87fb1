// SPDX-License-Identifier: Apache-2.0
// The page: signs in, and keeps a card for each volume.

import {ago, duration, element, rate, setText, unbroken} from './text.js';
import {ask, Live, Refused} from './live.js';
import {draw, table} from './timeline.js';
import * as unlock from './unlock.js';

const TOKEN = 'lunlock-token';
const TICK_MILLISECONDS = 250;
const HISTORY_LIMIT = 100;
/** A volume may change hands many times a second; its history is read again at most so often. */
const HISTORY_MILLISECONDS = 2000;
const WAITING_SHOWN = 5;

const byId = (id) => document.getElementById(id);
const cards = new Map();
let live = null;
let rights = [];
let lostAt = 0;

function may(right, volume) {
  const order = ['use', 'force', 'admin'];
  return rights.some((it) => order.indexOf(it.right) >= order.indexOf(right)
      && (it.volumes.endsWith('*')
        ? volume.startsWith(it.volumes.slice(0, -1)) : it.volumes === volume));
}

/** One volume: made once, then only what differs is changed. */
class Card {
  constructor(token, volume) {
    this.token = token;
    this.state = element('span', 'state');
    this.title = element('h2', '', volume);
    this.host = element('p', 'host');
    this.facts = element('p', 'facts');
    this.command = element('code', 'command');
    this.bar = element('span', 'bar');
    this.lease = element('div', 'lease', this.bar);
    this.lease.setAttribute('role', 'meter');
    this.lease.setAttribute('aria-label', 'Lease');
    this.lease.setAttribute('aria-valuemin', '0');
    this.leaseText = element('p', 'faint lease-text');
    this.waiting = element('ol', 'waiting');
    this.waitingTitle = element('h3');
    this.force = element('button', 'quiet', 'Take it away…');
    this.force.type = 'button';
    this.force.setAttribute('aria-label', `Take ${volume} away from its holder`);
    this.force.addEventListener('click', () => unlock.open(token, this.status));
    this.figure = element('figure', 'timeline');
    this.rows = element('div', 'rows');
    this.details = element('details', '', element('summary', '', 'As a table'), this.rows);
    this.details.addEventListener('toggle', () => this.drawHistory());
    this.history = null;
    this.historyAt = -Infinity;
    this.node = element('article', 'card',
        element('div', 'head', this.title, this.state, this.force),
        element('div', 'holder', this.host, this.facts, this.command, this.lease, this.leaseText),
        element('div', 'queue', this.waitingTitle, this.waiting),
        element('h3', '', 'History'), this.figure, this.details);
    this.node.setAttribute('aria-label', volume);
    new ResizeObserver(() => this.drawHistory()).observe(this.figure);
  }

  show(status) {
    const before = this.status;
    this.status = status;
    this.heardAt = performance.now();
    const holder = status.holder;
    this.node.classList.toggle('free', !holder);
    setText(this.state, holder ? 'held' : 'free');
    setText(this.host, holder ? holder.host : 'Nobody has it.');
    setText(this.command, holder?.command || '');
    this.command.hidden = !holder?.command;
    this.lease.hidden = !holder;
    this.leaseText.hidden = !holder;
    this.facts.hidden = !holder;
    this.force.hidden = !holder || !may('force', status.volume);
    this.showQueue(status);
    this.tick();
    const other = before?.holder?.token !== holder?.token;
    if (!before || other) {
      this.readHistory();
    }
    if (before && other) {
      setText(byId('news'), holder
        ? `${status.volume} is held by ${holder.host} now` : `${status.volume} is free now`);
    }
    unlock.changed(status);
  }

  showQueue(status) {
    const count = status.waitingCount;
    setText(this.waitingTitle, count === 0 ? 'Nobody waits' : `${count} waiting`);
    const shown = status.waiting.slice(0, WAITING_SHOWN);
    this.waitingSince = [];
    const entries = shown.map((it) => {
      const since = element('span', 'faint');
      this.waitingSince.push([since, it.since]);
      const entry = element('li', '', element('span', 'waiter', it.host), since);
      entry.title = it.command;
      return entry;
    });
    if (count > shown.length) {
      entries.push(element('li', 'more faint', `and ${count - shown.length} more`));
    }
    this.waiting.replaceChildren(...entries);
  }

  /** What changes with time alone. */
  tick() {
    this.waitingSince.forEach(([node, since]) => setText(node, `for ${ago(since)}`));
    const holder = this.status.holder;
    if (!holder) {
      return;
    }
    const rates = [];
    if (holder.readBytesPerSecond !== undefined) {
      rates.push(`reads ${rate(holder.readBytesPerSecond)}`);
    }
    if (holder.writtenBytesPerSecond !== undefined) {
      rates.push(`writes ${rate(holder.writtenBytesPerSecond)}`);
    }
    const facts = [`for ${ago(holder.since)}`, ...rates, `token ${holder.token}`];
    setText(this.facts, facts.map(unbroken).join('\u00a0\u00a0·  '));
    const passed = (lostAt || performance.now()) - this.heardAt;
    const left = Math.max(0, holder.leaseLeftMillis - passed);
    const share = left / holder.leaseMillis;
    this.bar.style.width = `${100 * share}%`;
    this.lease.classList.toggle('low', share < 1 / 3);
    this.lease.setAttribute('aria-valuemax', String(Math.round(holder.leaseMillis / 1000)));
    this.lease.setAttribute('aria-valuenow', String(Math.round(left / 1000)));
    this.lease.setAttribute('aria-valuetext', `${duration(left)} left`);
    setText(this.leaseText, left > 0
      ? `lease: ${duration(left)} of ${duration(holder.leaseMillis)} left`
      : 'lease is over: the volume goes to the next one soon');
  }

  async readHistory() {
    const now = performance.now();
    if (this.reading) {
      return;
    }
    this.reading = true;
    const pause = this.historyAt + HISTORY_MILLISECONDS - now;
    await new Promise((done) => setTimeout(done, Math.max(0, pause)));
    this.historyAt = performance.now();
    this.reading = false;
    try {
      const volume = encodeURIComponent(this.status.volume);
      this.history = await ask(this.token, `v1/volumes/${volume}/history?limit=${HISTORY_LIMIT}`);
    } catch (e) {
      return; // the link is lost: the next event asks again
    }
    this.drawHistory();
  }

  drawHistory() {
    const width = this.figure.clientWidth;
    if (width > 0 && this.history && !this.figure.contains(document.activeElement)) {
      draw(this.figure, this.history, this.status?.holder, width);
    }
    if (this.details.open && this.history) {
      this.rows.replaceChildren(table(this.history, this.status?.holder));
    }
  }
}

function heard(token, status) {
  let card = cards.get(status.volume);
  if (!card) {
    card = new Card(token, status.volume);
    cards.set(status.volume, card);
    const later = [...cards.keys()].sort().find((it) => it > status.volume);
    byId('volumes').insertBefore(card.node, later ? cards.get(later).node : null);
  }
  card.show(status);
  byId('empty').hidden = true;
}

function linked(isLinked) {
  lostAt = isLinked ? 0 : lostAt || performance.now();
  document.body.classList.toggle('lost', !isLinked);
  showLink();
  byId('empty').hidden = !isLinked || cards.size > 0;
}

function showLink() {
  const link = byId('link');
  link.hidden = false;
  setText(link, lostAt === 0
    ? 'live' : `connection lost ${duration(performance.now() - lostAt)} ago; trying again`);
}

async function signIn(token) {
  const me = await ask(token, 'v1/whoami');
  rights = me.rights;
  sessionStorage.setItem(TOKEN, token);
  byId('sign-in').hidden = true;
  byId('leave').hidden = false;
  byId('who').hidden = false;
  setText(byId('who'), me.name);
  live = new Live(token, (status) => heard(token, status), linked, (e) => leave(e.message));
  live.run();
}

function leave(why) {
  live?.stop();
  live = null;
  lostAt = 0;
  sessionStorage.removeItem(TOKEN);
  cards.clear();
  byId('volumes').replaceChildren();
  for (const id of ['leave', 'who', 'link', 'empty']) {
    byId(id).hidden = true;
  }
  document.body.classList.remove('lost');
  byId('sign-in').hidden = false;
  setText(byId('sign-in-error'), why);
  byId('token').focus();
}

byId('leave').addEventListener('click', () => leave(''));
byId('sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  const field = byId('token');
  try {
    await signIn(field.value.trim());
    field.value = '';
  } catch (e) {
    setText(byId('sign-in-error'), e.message);
  }
});
setInterval(() => {
  cards.forEach((card) => card.tick());
  if (lostAt !== 0) {
    showLink();
  }
}, TICK_MILLISECONDS);
setInterval(() => cards.forEach((card) => card.drawHistory()), 15000);

const kept = sessionStorage.getItem(TOKEN);
if (kept) {
  signIn(kept).catch((e) => leave(e instanceof Refused ? e.message : String(e)));
} else {
  leave('');
}
