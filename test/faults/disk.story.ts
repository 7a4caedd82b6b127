import { expect, it } from 'vitest';
import { post, readyz } from '../processes/world.ts';
import { deliver, judge } from './load.ts';
import { placeOn, smallDisk, stageOn } from './stage.ts';

const NO_MOUNT = 'this user may not mount a small disk: run it as root';

it('the disk of the embedded store is full', async (test) => {
  const disk = smallDisk(test);
  if (disk === undefined) return test.skip(NO_MOUNT); // only root may mount a disk to fill up; the checks run as root
  const { world, planned, last, chance } = await stageOn(placeOn('embedded'), test.task.name, 20, test, {
    QUEUE_URL: disk.folder,
  });
  const service = await world.serve();
  await service.logged('first sync finished');
  const load = deliver(planned, () => service.at, chance, { pause: 50, reopenIn: world });
  disk.fill();
  await readyz(service.at, {
    status: 503,
    body: { problems: [expect.stringMatching(/its disk is full .*make room on the disk of/)] },
  });
  await expect
    .poll(async () => {
      // What was tidied up meanwhile is taken again.
      disk.fill();
      return post(service.at);
    })
    .toEqual({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) });
  disk.clear();
  await readyz(service.at, { status: 200 });
  await load;
  await judge(test.task.name, world, planned, last, () => service.at, 1);
});

it('a full disk is named where the embedded store is to be set up', async (test) => {
  const disk = smallDisk(test);
  if (disk === undefined) return test.skip(NO_MOUNT); // only root may mount a disk to fill up; the checks run as root
  const { world } = await stageOn(placeOn('embedded'), test.task.name, 0, test, { QUEUE_URL: disk.folder });
  disk.fill();
  const { code, stderr } = await world.run(['start']);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/its disk is full .*make room/),
  });
});
