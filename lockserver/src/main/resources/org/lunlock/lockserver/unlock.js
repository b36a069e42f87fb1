// SPDX-License-Identifier: Apache-2.0
// Takes a volume from the holder that is shown, and from no other.

import {ago, element, setText} from './text.js';
import {ask} from './live.js';

const byId = (id) => document.getElementById(id);
const dialog = byId('unlock');
const reason = byId('unlock-reason');
const name = byId('unlock-name');
const go = byId('unlock-go');

let asked = null;

/** Shows what would be taken away. */
export function open(token, status) {
  const holder = status.holder;
  asked = {token, volume: status.volume, fencingToken: holder.token};
  setText(byId('unlock-loss'), `${holder.host} has ${status.volume} and is using it. It stops when it next renews.`);
  const next = status.waiting[0];
  byId('unlock-details').replaceChildren(
      ...[
        `held for ${ago(holder.since)}, last heard ${ago(holder.renewed)} ago, by the token “${holder.principal}”`,
        holder.command && `its command is ended: ${holder.command}`,
        'what it has not flushed is lost; the target keeps others out until it has stopped',
        next ? `${next.host} is next and gets it` : 'nobody waits for it',
      ].filter(Boolean).map((it) => element('li', '', it)));
  for (const id of ['unlock-changed', 'unlock-error']) {
    setText(byId(id), '');
  }
  reason.value = '';
  name.value = '';
  check();
  dialog.showModal();
  reason.focus();
}

/** The volume may get another holder while somebody makes up his mind. */
export function changed(status) {
  if (dialog.open && asked && status.volume === asked.volume
      && status.holder?.token !== asked.fencingToken) {
    asked = null;
    setText(byId('unlock-changed'), 'The holder has changed. Nothing was taken; look again.');
    check();
  }
}

function check() {
  go.disabled = !asked || reason.value.trim() === '' || name.value !== asked.volume;
}

async function take() {
  const {token, volume, fencingToken} = asked;
  go.disabled = true;
  try {
    await ask(token, `v1/volumes/${encodeURIComponent(volume)}/unlock`, {
      token: fencingToken, volume: name.value, reason: reason.value.trim(),
    });
    dialog.close();
  } catch (e) {
    setText(byId('unlock-error'), e.message);
    check();
  }
}

reason.addEventListener('input', check);
name.addEventListener('input', check);
go.addEventListener('click', take);
dialog.addEventListener('close', () => {
  asked = null;
});
// Enter must not press "Keep it" while somebody types
dialog.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && event.target instanceof HTMLInputElement) {
    event.preventDefault();
    if (!go.disabled) {
      go.focus();
    }
  }
});
