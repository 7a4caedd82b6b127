import { writeFile } from 'node:fs/promises';
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import type { Page } from 'playwright-core';

/** Writes a picture of what the page shows, in at most 256 colours: much smaller, and the same to look at. */
export async function takePicture(page: Page, file: string): Promise<void> {
  await page.locator('#loading').waitFor({ state: 'hidden' });
  await writeFile(file, withPalette(await page.screenshot()));
}

/** PNG: https://www.w3.org/TR/png-3/ */
const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
const COLOURS = 256;
/** Grounds and inks, and how far apart (squared) what lies between them may be to be taken for the same. */
const EXACT = 64;
const ALIKE = 200;
const CHANNELS: Record<number, number> = { 2: 3, 6: 4 };

function withPalette(png: Buffer): Buffer {
  const chunks = chunksOf(png);
  const header = chunks.find(({ type }) => type === 'IHDR')?.data ?? Buffer.alloc(0);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const channels = CHANNELS[header.readUInt8(9)];
  if (channels === undefined || header.readUInt8(8) !== 8 || header.readUInt8(12) !== 0)
    throw new TypeError('this is not a picture as Chromium takes it');
  const data = inflateSync(
    Buffer.concat(chunks.flatMap(({ type, data }) => (type === 'IDAT' ? [data] : []))),
  );
  const pixels = unfiltered(data, { height, stride: width * channels, channels });
  const colours = Array.from({ length: width * height }, (_, n) => pixels.readUIntBE(n * channels, 3));
  const { palette, indexOf } = paletteOf(colours);
  const rows = Buffer.alloc(height * (width + 1));
  colours.forEach((colour, n) => {
    rows[n + Math.floor(n / width) + 1] = indexOf(colour);
  });
  const written = Buffer.from(header);
  written.writeUInt8(3, 9);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', written),
    chunk(
      'PLTE',
      Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255])),
    ),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunksOf(png: Buffer): { type: string; data: Buffer }[] {
  const found = [];
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    found.push({
      type: png.toString('latin1', at + 4, at + 8),
      data: png.subarray(at + 8, at + 8 + length),
    });
    at += length + 12;
  }
  return found;
}

function chunk(type: string, data: Buffer): Buffer {
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}

function unfiltered(data: Buffer, size: { height: number; stride: number; channels: number }): Buffer {
  const { height, stride, channels } = size;
  const out = Buffer.alloc(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (stride + 1)] ?? 0;
    for (let x = 0; x < stride; x++) {
      const left = x < channels ? 0 : (out[y * stride + x - channels] ?? 0);
      const up = y === 0 ? 0 : (out[(y - 1) * stride + x] ?? 0);
      const corner = x < channels || y === 0 ? 0 : (out[(y - 1) * stride + x - channels] ?? 0);
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0;
      out[y * stride + x] = (data[y * (stride + 1) + 1 + x] ?? 0) + guess;
    }
  }
  return out;
}

function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [left, up, corner].map((one) => Math.abs(left + up - corner - one));
  if (a === undefined || b === undefined || c === undefined) return left;
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** The commonest colours, exactly, and of the others the commonest that are like none before; the rest as the nearest. */
function paletteOf(colours: readonly number[]): { palette: number[]; indexOf: (colour: number) => number } {
  const counts = new Map<number, number>();
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const common = [...counts.keys()].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0));
  const palette: number[] = [];
  const nearest = (colour: number) => {
    const far = palette.map((one) => distance(one, colour));
    const least = Math.min(...far);
    return { least, place: far.indexOf(least) };
  };
  for (const colour of common) {
    if (palette.length === COLOURS) break;
    if (palette.length < EXACT || nearest(colour).least > ALIKE) palette.push(colour);
  }
  const places = new Map<number, number>();
  const indexOf = (colour: number) => {
    const place = places.get(colour) ?? nearest(colour).place;
    places.set(colour, place);
    return place;
  };
  return { palette, indexOf };
}

function distance(one: number, other: number): number {
  return [16, 8, 0]
    .map((shift) => (((one >> shift) & 255) - ((other >> shift) & 255)) ** 2)
    .reduce((sum, part) => sum + part);
}
