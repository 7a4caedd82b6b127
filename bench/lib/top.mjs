/** Where a process spent its time: `node bench/lib/top.mjs <file.cpuprofile>` lists its functions by their own time. */
import { readFileSync } from 'node:fs';

const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
const self = new Map();
for (const [i, id] of samples.entries()) self.set(id, (self.get(id) ?? 0) + timeDeltas[i]);
const byPlace = new Map();
let busy = 0;
for (const { id, callFrame } of nodes) {
  const time = self.get(id) ?? 0;
  if (callFrame.functionName === '(idle)') continue;
  busy += time;
  const file = callFrame.url.replace(/^.*\/(node_modules|dist)\//, '$1/').replace(/^dist\//, '');
  const place = `${callFrame.functionName || '(anonymous)'} ${file}:${callFrame.lineNumber + 1}`;
  byPlace.set(place, (byPlace.get(place) ?? 0) + time);
}
for (const [place, time] of [...byPlace].sort((a, b) => b[1] - a[1]).slice(0, 45))
  console.log(`${((100 * time) / busy).toFixed(1).padStart(5)} %  ${place}`);
