import { act } from './chaos.ts';
import { drain, quiet } from './quiet.ts';
import { Ended, SECOND, Stage, type Telling } from './stage.ts';
import type { Tape } from './tape.ts';
import { isClosed, isDone, STATUS } from './things.ts';
import { Timely } from './timely.ts';
import type { Violation } from './verdicts.ts';

export interface Told {
  violation?: Violation;
  /** The choices, by which it can be told again. */
  drawn: readonly number[];
  lines: string[];
}

/** Tells one story: rounds of chaos, each followed by quiet. The same tape tells the same story. */
export async function tell(tape: Tape, telling: Telling = {}): Promise<Told> {
  // Whoever else has something to do in this process gets a turn now and then.
  await new Promise((resolve) => setImmediate(resolve));
  const stage = new Stage(tape, telling);
  try {
    await play(stage);
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
  }
  return { violation: stage.verdicts.violation, drawn: tape.drawn, lines: stage.lines };
}

async function play(stage: Stage): Promise<void> {
  const { tape, world, settings } = stage;
  begin(stage);
  const places = tape.chance(60) ? 2 : 1;
  for (let place = 0; place < places; place++) await stage.start(place);
  if (!settings.fresh) await drain('the first sync', stage);
  const timely = new Timely(stage);
  const rounds = 1 + tape.choose(3);
  for (let round = 0; round < rounds && !tape.isOver; round++) {
    if (settings.timely) await timely.round(5 + tape.choose(20));
    else {
      stage.chaos = true;
      const acts = 20 + tape.choose(140);
      for (let n = 0; n < acts && !tape.isOver; n++) await act(stage);
      stage.chaos = false;
    }
    await quiet(stage);
  }
  if (world.incidents.some(({ updates }) => updates.some(({ by }) => by === 'us')))
    world.count('story with an edit of ours');
}

/** What there is before the first process starts. */
function begin({ tape, world, settings }: Stage): void {
  const live = () => settings.activeIncidents !== 'leave' && tape.chance(50);
  for (let n = 1 + tape.choose(2); n > 0; n--) world.addIncident(live() ? STATUS.live : STATUS.learning);
  for (let n = 1 + tape.choose(2); n > 0; n--) world.addTask();
  const [first] = world.tasks;
  if (first !== undefined && tape.chance(25)) Object.assign(first, { state: 'done', doneBefore: true });
  for (let n = 1 + tape.choose(3); n > 0; n--)
    world.addFollowUp(
      tape.pick(world.incidents),
      tape.chance(80) ? tape.pick(world.tasks) : undefined,
      tape.chance(20) ? 'completed' : 'outstanding',
    );
  for (const followUp of world.followUps) followUp.owned = !settings.ownersRequired || tape.chance(50);
  for (const incident of world.incidents) {
    const followUps = world.followUpsOf(incident);
    incident.wasReady =
      followUps.length > 0 &&
      followUps.every(({ status, task }) => isDone(status) || (task !== undefined && isClosed(task.state)));
  }
  world.pass(3_600 * SECOND);
  world.say(`${JSON.stringify(settings)}`);
  for (const { id, incident, task, status } of world.followUps)
    world.say(
      `${id} of ${incident.reference} (${incident.status.category}), about ${task ? `${task.name} (${task.state})` : 'no task'}: ${status}`,
    );
}
