// Elements of the page. Whatever comes from incident.io or a tracker becomes text or the value of an attribute, never HTML.

export const $ = (id) => document.getElementById(id);

/** How far the service's clock is ahead of this one, ms. */
let ahead = 0;

export function setServiceTime(now) {
  ahead = now - Date.now();
}

/** The time now, by the service's clock, ms. */
export function serviceTime() {
  return Date.now() + ahead;
}

/** An element; children are elements or texts. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name === 'onclick') element.addEventListener('click', value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== ''));
  return element;
}

/** A link, where the address is one that a browser may be sent to. */
export function link(text, url, attributes = {}) {
  const allowed = URL.canParse(url ?? '') && ['https:', 'http:'].includes(new URL(url).protocol);
  return allowed
    ? h('a', { ...attributes, href: url, rel: 'noreferrer', target: '_blank' }, text)
    : h('span', attributes, text);
}

export function mark([sign, kind, meaning]) {
  return [
    h('span', { class: `mark ${kind}`, 'aria-hidden': 'true' }, sign),
    h('span', { class: 'hidden' }, `${meaning}: `),
  ];
}

export function span(ms) {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

function relative(at) {
  const distance = at - serviceTime();
  if (distance > 500) return `in ${span(distance)}`;
  return distance > -1_500 ? 'now' : `${span(-distance)} ago`;
}

const zone = new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' });

/** `2026-11-24 09:15:00 GMT+1`: every time on the page has this form, in the reader's zone and with its name. */
export function localTime(at) {
  const date = new Date(at);
  const two = (number) => String(number).padStart(2, '0');
  const name = zone.formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')} ${name}`;
}

/** A sentence of the service, which tells times in UTC. */
export function said(words) {
  return words.replace(/(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/g, (_, day, hour) =>
    localTime(Date.parse(`${day}T${hour}Z`)),
  );
}

const FORMS = { relative, age: (at) => span(Math.max(0, serviceTime() - at)) };

/** A time that keeps its distance to now up to date. `form`: `relative`, or `age` for how long it is ago. */
export function time(at, form = 'relative') {
  const date = new Date(at);
  return h(
    'time',
    { datetime: date.toISOString(), title: localTime(at), 'data-at': at, 'data-form': form },
    FORMS[form](at),
  );
}

export function tick() {
  for (const element of document.querySelectorAll('time[data-at]')) {
    const text = FORMS[element.dataset.form](Number(element.dataset.at));
    if (element.textContent !== text) element.textContent = text;
  }
}

/** A sentence of the service with its capital, but for names that have none, and its full stop. */
export function sentence(words) {
  const text = said(words);
  const begun = text.startsWith('incident.io') ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** The same for the page, with what is typed or set as code. */
export function prose(words) {
  return sentence(words)
    .split('`')
    .map((part, i) => (i % 2 === 1 ? h('code', {}, part) : part));
}

/** The same where there is nothing but text. */
export function plain(words) {
  return sentence(words).replaceAll('`', '');
}

/** `1 incident`, `2 incidents` */
export function count(number, what) {
  return `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`;
}

export function button(words, focus, label, onclick) {
  return h('button', { type: 'button', 'data-focus': focus, 'aria-label': label, onclick }, words);
}
