// SPDX-License-Identifier: Apache-2.0
// Elements and words. Everything that comes from the server becomes text, never markup.

/** An element with a class, and children that are nodes or text. */
export function element(name, className = '', ...children) {
  const made = document.createElement(name);
  if (className) {
    made.className = className;
  }
  made.append(...children);
  return made;
}

/** Changes the text only where it differs: screen readers and selections are left alone. */
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

const UNITS = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];

/** A duration in its two largest units: 2 h 5 min. */
export function duration(milliseconds) {
  let seconds = Math.max(0, Math.round(milliseconds / 1000));
  const words = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count > 0 && words.length < 2) {
      words.push(`${count} ${unit}`);
    } else if (words.length > 0) {
      break;
    }
  }
  return words.join(' ') || '0 s';
}

/** How long ago, by this machine's clock; a clock that is wrong shows at least nothing negative. */
export function ago(instant) {
  return duration(Date.now() - Date.parse(instant));
}

/** The same text, on one line. */
export function unbroken(text) {
  return text.replaceAll(' ', '\u00a0');
}

/** Bytes a second, with three digits. */
export function rate(bytesPerSecond) {
  let value = bytesPerSecond;
  for (const unit of ['B/s', 'kB/s', 'MB/s']) {
    if (value < 1000) {
      return `${value.toPrecision(value < 1 ? 1 : 3).replace(/\.0+$/, '')} ${unit}`;
    }
    value /= 1000;
  }
  return `${value.toPrecision(3)} GB/s`;
}

const CLOCK = new Intl.DateTimeFormat([], {
  year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit',
});

export function moment(instant) {
  return CLOCK.format(new Date(instant));
}
