import type { Simulator } from './running-simulator.ts';
import { type SimulatorOptions, startSimulator } from './simulator.ts';

/** Where the stand-in listens when it runs by itself. */
export const STANDALONE_PORT = 4010;

/** Starts the stand-in by itself and says how to talk to it. It runs until `close`. */
export async function runSimulator(
  options: SimulatorOptions = {},
  say: (line: string) => void = console.log,
): Promise<Simulator> {
  const simulator = await startSimulator({ port: STANDALONE_PORT, ...options });
  say(`A stand-in of incident.io listens on ${simulator.url}`);
  say(`INCIDENT_IO_API_URL=${simulator.url} INCIDENT_IO_API_KEY=${simulator.token}`);
  say(`Drive it under ${simulator.url}/_simulator/, for example POST /_simulator/incidents`);
  return simulator;
}
