import { simulateDay } from './day.ts';
import { sizes } from './sizes.ts';

for (const size of sizes) {
  const began = performance.now();
  const day = await simulateDay(size);
  const { tables, names, ...told } = day;
  console.log(size.name, JSON.stringify(told), `${((performance.now() - began) / 1000).toFixed(1)} s`);
}
