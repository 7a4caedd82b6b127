import { styleText } from 'node:util';
import { wantsColour } from '../terminal.ts';

/** The demo's output, styled if a person reads it on a terminal. */
export function styled(style: 'bold' | 'green' | 'cyan', text: string): string {
  return wantsColour() ? styleText(style, text) : text;
}

export function say(line = ''): void {
  console.log(line);
}

export function step(number: number, text: string): void {
  say();
  say(`${styled('cyan', `${number}.`)} ${text}`);
}
