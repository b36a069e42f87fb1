// SPDX-License-Identifier: Apache-2.0
// The server's interface. EventSource cannot send a bearer token, so events are read with fetch.

const RETRY_MILLISECONDS = 1000;
const RETRY_MILLISECONDS_MAX = 15000;
/** The server is never silent for longer than ten seconds. */
const SILENCE_MILLISECONDS_MAX = 25000;

/** What the server refused; status 0 when it could not be reached. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** One request; its answer as an object. */
export async function ask(token, path, body) {
  const headers = {Authorization: `Bearer ${token}`};
  if (body) {
    headers['Content-Type'] = 'application/json';
  }
  let answer;
  try {
    answer = await fetch(path, {
      method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body), cache: 'no-store',
    });
  } catch (e) {
    throw new Refused(0, 'The server cannot be reached.');
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new Refused(answer.status, told.message || `The server answered ${answer.status}.`);
  }
  return told;
}

/**
 * Hears of every volume, and of each change, until stopped; comes back after a loss.
 *
 * heard(volume), linked(true or false), refused(error) when the token is no good any more.
 */
export class Live {
  constructor(token, heard, linked, refused) {
    Object.assign(this, {token, heard, linked, refused});
    this.stopped = new AbortController();
  }

  stop() {
    this.stopped.abort();
  }

  async run() {
    let pause = RETRY_MILLISECONDS;
    while (!this.stopped.signal.aborted) {
      try {
        await this.#listen(() => {
          pause = RETRY_MILLISECONDS;
        });
      } catch (e) {
        if (e instanceof Refused) {
          this.refused(e);
          return;
        }
      }
      if (this.stopped.signal.aborted) {
        return;
      }
      this.linked(false);
      await new Promise((done) => setTimeout(done, pause));
      pause = Math.min(pause * 2, RETRY_MILLISECONDS_MAX);
    }
  }

  async #listen(arrived) {
    const lost = new AbortController();
    const signal = AbortSignal.any([this.stopped.signal, lost.signal]);
    let timer = setTimeout(() => lost.abort(), SILENCE_MILLISECONDS_MAX);
    try {
      const answer = await fetch('v1/events', {
        headers: {Authorization: `Bearer ${this.token}`}, signal, cache: 'no-store',
      });
      if (answer.status === 401 || answer.status === 403) {
        throw new Refused(answer.status, 'The token is not good any more.');
      }
      if (!answer.ok) {
        return;
      }
      this.linked(true);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (;;) {
        const {value, done} = await reader.read();
        if (done) {
          return;
        }
        arrived();
        clearTimeout(timer);
        timer = setTimeout(() => lost.abort(), SILENCE_MILLISECONDS_MAX);
        text = this.#events(text + value);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Tells whole events; returns what is left of the text. */
  #events(text) {
    const events = text.split('\n\n');
    const rest = events.pop();
    for (const event of events) {
      const data = event.split('\n').find((line) => line.startsWith('data: '));
      if (data) {
        this.heard(JSON.parse(data.slice('data: '.length)));
      }
    }
    return rest;
  }
}
