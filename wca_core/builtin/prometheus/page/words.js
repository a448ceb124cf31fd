// Numbers as people read them, and elements with text. All text of others goes through textContent.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export const NOTHING = "–";

export function bytes(value) {
  if (value === null) return NOTHING;
  let at = 0;
  for (; Math.abs(value) >= 1000 && at < UNITS.length - 1; at += 1) value /= 1024;
  return `${digits(value)} ${UNITS[at]}`;
}

export function bytesPerSecond(value) {
  return value === null ? NOTHING : `${bytes(value)}/s`;
}

export function cpus(value) {
  return value === null ? NOTHING : value.toFixed(2);
}

export function percent(value) {
  return value === null ? NOTHING : `${digits(value)} %`;
}

export function plain(value) {
  return value === null ? NOTHING : digits(value);
}

export function seconds(value) {
  if (value === null) return NOTHING;
  return value < 0.95 ? `${digits(value * 1000)} ms` : `${digits(value)} s`;
}

export function clock(time) {
  return new Date(time * 1000).toLocaleTimeString([], { hour12: false });
}

/** An element with attributes and children; a text among the children stays text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Changes a text only where it is another: what stays the same is not drawn, and not read out, again. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function digits(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 9.995) return value.toFixed(size < 0.0995 ? 2 : 1).replace(/\.0+$/, "");
  return value.toFixed(0);
}
