import { styleText } from 'node:util';

/** The demo's output, styled if a person reads it on a terminal. */
export function styled(style: 'bold' | 'green' | 'cyan', text: string): string {
  return process.stdout.isTTY && process.env.NO_COLOR === undefined ? styleText(style, text) : text;
}

export function say(line = ''): void {
  console.log(line);
}

export function step(number: number, text: string): void {
  say();
  say(`${styled('cyan', `${number}.`)} ${text}`);
}
