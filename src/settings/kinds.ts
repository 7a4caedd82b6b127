/** How the text of a setting becomes a value, and how a value is displayed. */
export interface Kind<T> {
  /** Throws `NotAllowed` if the text is not allowed. `lines`: the text came from a file. */
  parse(text: string, lines?: boolean): T;
  show(value: T): string;
}

/** Says what is allowed instead. It never repeats the text, which may be a secret. */
export class NotAllowed extends Error {
  override readonly name = 'NotAllowed';
}

const SECOND = 1000;
const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400 * SECOND],
  ['h', 3600 * SECOND],
  ['m', 60 * SECOND],
  ['s', SECOND],
  ['ms', 1],
];
const DAY = 86_400 * SECOND;

/** A duration in milliseconds, both ends inclusive. Node's timers end at 24.8 days: more than 20 is refused by default. */
export function duration(least = 0, most = 20 * DAY): Kind<number> {
  const show = (value: number): string => {
    const [unit, size] = UNITS.find(([, ms]) => value >= ms && value % ms === 0) ?? ['s', SECOND];
    return `${value / size}${unit}`;
  };
  const allowed = `a duration such as 0s, 90s, 5m, 2h or 1d, from ${show(least)} to ${show(most)}`;
  return {
    show,
    parse(text) {
      const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
      const size = UNITS.find(([unit]) => unit === match?.[2])?.[1];
      const value = match === null || size === undefined ? Number.NaN : Number(match[1]) * size;
      if (value >= least && value <= most) return value;
      throw new NotAllowed(allowed);
    },
  };
}

export function integer(least: number, most: number, why = ''): Kind<number> {
  return {
    show: String,
    parse(text) {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= least && value <= most) return value;
      throw new NotAllowed(`a whole number from ${least} to ${most}${why}`);
    },
  };
}

const YES = ['true', 'yes', 'on', '1'];
const NO = ['false', 'no', 'off', '0'];

export const boolean: Kind<boolean> = {
  show: String,
  parse(text) {
    if (YES.includes(text.toLowerCase())) return true;
    if (NO.includes(text.toLowerCase())) return false;
    throw new NotAllowed('true or false');
  },
};

export function oneOf<const T extends string>(choices: readonly T[]): Kind<T> {
  return {
    show: String,
    parse(text) {
      const choice = choices.find((name) => name === text.toLowerCase());
      if (choice !== undefined) return choice;
      throw new NotAllowed(`one of ${choices.join(', ')}`);
    },
  };
}

/** A text that has to match `form`; `allowed` describes it to people. */
export function text(form: RegExp, allowed: string): Kind<string> {
  return {
    show: (value) => value,
    parse(given) {
      if (form.test(given)) return given;
      throw new NotAllowed(allowed);
    },
  };
}

/** One secret, without whitespace: it becomes a header, where a line break would be an attack. */
export const secret: Kind<string> = {
  show: () => '(set)',
  parse(given) {
    if (!/^[\x21-\x7e]+$/.test(given)) throw new NotAllowed('one line without blanks, as it was copied');
    if (/^(["']).*\1$/.test(given)) throw new NotAllowed('the key itself, without quotes around it');
    return given;
  },
};

/** A secret that people choose, at least `least` characters long. */
export function longSecret(least: number): Kind<string> {
  return {
    show: secret.show,
    parse(given) {
      if (secret.parse(given).length >= least) return given;
      throw new NotAllowed(`at least ${least} characters, for example what \`openssl rand -hex 32\` prints`);
    },
  };
}

/** Secrets that are all valid: comma-separated, or one per line in a file. Empty ones are ignored. */
export function secrets(form?: { fits(secret: string): boolean; allowed: string }): Kind<string[]> {
  return {
    show: (value) => (value.length === 1 ? '(set)' : `(${value.length} secrets)`),
    parse(given, lines = false) {
      const found = partsOf(given, lines ? /\r?\n/ : ',');
      if (found.length === 0) throw new NotAllowed('at least one secret that is not empty');
      if (form !== undefined && !found.every((one) => form.fits(one)))
        throw new NotAllowed(form.allowed.replaceAll('`', ''));
      return found;
    },
  };
}

/** Comma-separated texts; whitespace around them and empty ones are ignored. */
export const texts: Kind<string[]> = {
  show: (value) => value.join(', '),
  parse(given) {
    const found = partsOf(given, ',');
    if (found.length > 0) return found;
    throw new NotAllowed('at least one entry, with commas between several');
  },
};

function partsOf(given: string, between: string | RegExp): string[] {
  return given
    .split(between)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
