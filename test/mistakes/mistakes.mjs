/**
 * Realistic mistakes, one at a time: in which file, which text becomes which, and what would come of it. `near` are the
 * tests that are tried first.
 */
const of = (file, near, ...mistakes) =>
  mistakes.map(([breaks, from, to]) => ({ breaks, file, near, from, to }));

export const mistakes = [
  ...of(
    'src/review/decide.ts',
    ['test/review'],
    [
      'too few done follow-ups are enough',
      'if (!enoughDone(existing, rule)) return leave',
      'if (existing.length === 0) return leave',
    ],
    [
      'an incident closes while it is paused by policy',
      'if (policy.paused !== undefined) return leave',
      'if (policy.paused === "") return leave',
    ],
    [
      'an incident in triage counts as past its incident',
      "category === 'live' || category === 'triage'",
      "category === 'live'",
    ],
    ['a refusal holds for ever', 'if (again > now) return refused', 'if (again >= 0) return refused'],
    [
      'an incident that is backlog is closed once its history was read',
      'if ((statusSince(facts.updates) ?? -Infinity) < old.at) return backlog(old);',
      '',
    ],
  ),
  ...of(
    'src/review/guards/time.ts',
    ['test/review', 'test/policy'],
    [
      'the settle time is over one moment early',
      'if (until <= now) return undefined;',
      'if (until - 1 <= now) return undefined;',
    ],
    [
      'business hours are those of now, not of when it has settled',
      'opensAt(hours, Math.max(until, now))',
      'opensAt(hours, now)',
    ],
  ),
  ...of(
    'src/review/guards/flow.ts',
    ['test/review'],
    [
      'a post-mortem is not waited for',
      'if (rule.requirePostmortem && !incident.hasPostmortem)',
      'if (rule.requirePostmortem && incident.hasPostmortem)',
    ],
    ['roles that could not be read count as filled', 'if (unfilled === undefined)', 'if (false)'],
  ),
  ...of(
    'src/policy/live-policy.ts',
    ['test/policy'],
    ['half a file that an editor is writing counts', 'if (!isSame) return { settled: false };', ''],
    [
      'a policy that is gone is in force no more',
      "if ('missing' in found) refuseLost(found, lost, settings);",
      '',
    ],
  ),
  ...of(
    'src/review/moved-back.ts',
    ['test/review', 'test/incident-io/announcement-marker.test.ts'],
    [
      'an incident that went from post-incident to active again was not moved back',
      "if (before === 'learning' && isActive(after)) {",
      "if (before === 'closed' && isActive(after)) {",
    ],
    ['a release lifts what comes after it', 'releasedAt > at) return true', 'releasedAt > 0) return true'],
    [
      'a closing of ours that failed counts as made',
      "closures.filter(({ outcome }) => outcome === 'confirmed');",
      "closures.filter(({ outcome }) => outcome !== 'open');",
    ],
  ),
  ...of(
    'src/review/closing/closing.ts',
    ['test/review', 'test/end-to-end/faults.test.ts'],
    [
      'the rank of open intents is not set before the edit',
      'await store.tables.rank(OPEN_INTENTS, [{ member: incident.id, score: intent.at }]);\n  if (signal',
      'if (signal',
    ],
    [
      'a stop is not heard before the edit',
      'if (signal.aborted) throw new PutBack(',
      'if (signal.aborted && signal.reason === 0) throw new PutBack(',
    ],
  ),
  ...of(
    'src/review/closing/intents.ts',
    ['test/review', 'test/end-to-end/faults.test.ts'],
    [
      'a failed edit keeps its place at the brake',
      'await returnSlot(at, store);',
      'await Promise.resolve(at);',
    ],
    ['the settle time that led to a closing is kept', 'store.ready.change(incidentId, undefined),', ''],
  ),
  ...of(
    'src/review/write-follow-up.ts',
    ['test/review', 'test/end-to-end/people.test.ts'],
    ['a write notes nothing of what stood there before', 'before: followUp.updatedAt,', 'before: 0,'],
    [
      'a follow-up that was deleted meanwhile fails the review',
      'if (error instanceof NotFoundError) return;',
      '',
    ],
    [
      'a refused write is not remembered',
      'await store.writeRefusals.update([followUp.id], (before) => ({',
      'await store.writeRefusals.update([], (before) => ({',
    ],
    [
      'a write is sent after a stop',
      'if (signal.aborted) throw new PutBack(',
      'if (signal.aborted && signal.reason === 0) throw new PutBack(',
    ],
  ),
  ...of(
    'src/review/review.ts',
    ['test/review', 'test/end-to-end/careful.test.ts'],
    [
      'what is ready is remembered for a status that it has no more',
      'else await store.ready.remove(incidentId);',
      '',
    ],
    [
      'no timer is set at the brake',
      'await waker.wakeAt(incidentId, closed.brakeUntil, deps.clock.now());',
      '',
    ],
    [
      'a follow-up that was added during the closing is told to nobody',
      'await readLateChanges(incidentId, closed.closure.id, facts.rule, deps);',
      '',
    ],
    [
      'an incident is reviewed before the first sync',
      'await store.addPendingWakes([incidentId], deps.clock.now());',
      '',
    ],
  ),
  ...of(
    'src/review/gather.ts',
    ['test/review', 'test/end-to-end/main-path.test.ts'],
    [
      'an empty list is believed before the mode is known',
      'if (followUps.length > 0 || known !== undefined) return followUps;',
      'if (followUps.length >= 0 || known !== undefined) return followUps;',
    ],
  ),
  ...of(
    'src/events/standing-state.ts',
    ['test/events', 'test/review'],
    [
      'a time from the future is believed',
      'event.occurredAt <= event.receivedAt + AHEAD;',
      'event.occurredAt <= event.receivedAt + AHEAD * 1e6;',
    ],
    ['a revision counts for nothing', 'if (revisions !== 0) return revisions > 0;', ''],
    ['that a task was ever closed is forgotten', 'current.seenClosed || next.seenClosed', 'next.seenClosed'],
  ),
  ...of(
    'src/events/record.ts',
    ['test/events', 'test/sync', 'test/worker'],
    [
      'a task without a link wants no sync',
      'await store.wantLinks(randomUUID());\n  }\n  await rememberIds',
      '}\n  await rememberIds',
    ],
    [
      'hints are read before the events beside them are recorded',
      'await recordDeliveryTimes(batch, deps.store);',
      'await recordDeliveryTimes(batch, deps.store);\n  if (batch.hints.length > 0) await deps.readTasks(batch.hints);',
    ],
  ),
  ...of(
    'src/sync/sync.ts',
    ['test/sync'],
    [
      'the cursor moves on before its pages were taken in',
      'synced.woken += await wakePending(deps);\n  await moveOn(seen, from, deps);',
      'await moveOn(seen, from, deps);',
    ],
    [
      'a wish that came during a sync is taken for done',
      'if (wanted !== undefined) await store.syncDone(wanted);\n  synced.woken',
      "await store.syncDone((await store.syncWanted()) ?? '');\n  synced.woken",
    ],
    ['the lease of a sync is not given back where it fails', "await store.releaseLease('sync', holder);", ''],
  ),
  ...of(
    'src/sync/sweep.ts',
    ['test/sync', 'test/end-to-end/careful.test.ts'],
    [
      'an edit whose end is unknown is not looked after',
      '...swept.woken, ...(await openIntents(deps))',
      '...swept.woken',
    ],
    ['during a pause incidents are woken', 'if (deps.policy.paused === undefined) {', '{'],
    [
      'two processes sweep one after the other',
      '// Another process may have swept between the check and the lease.\n    if (!(await isDue())) return undefined;',
      '',
    ],
  ),
  ...of(
    'src/incident-io/paging.ts',
    ['test/incident-io'],
    [
      'a list that goes round is read for ever',
      'if (after !== undefined && seen.has(after)) {',
      'if (after !== undefined && seen.has(after) && seen.size > 1e9) {',
    ],
  ),
  ...of(
    'src/incident-io/pace/retry-after.ts',
    ['test/incident-io'],
    ['a pause is taken as milliseconds', 'Number(header) * 1000', 'Number(header)'],
  ),
  ...of(
    'src/read-back/read-hints.ts',
    ['test/worker', 'test/read-back'],
    [
      'a hint whose tracker is down is given up at once',
      'clock.now() - hint.receivedAt < TRIED_FOR',
      'clock.now() - hint.receivedAt < 0',
    ],
  ),
  ...of(
    'src/receiver/batching.ts',
    ['test/receiver'],
    [
      'a delivery that was refused is put on the queue all the same',
      'this.#waiting = this.#waiting.filter((other) => other !== waiting);',
      '',
    ],
    ['a delivery is accepted although its batch failed', 'else reject(error);', 'else resolve();'],
  ),
  ...of(
    'src/worker/key-watch.ts',
    ['test/worker', 'test/processes/key.test.ts'],
    [
      'a key that is rejected is never probed',
      "await this.become({ is: 'bad', words: error.message });\n    this.probe(signal);",
      "await this.become({ is: 'bad', words: error.message });",
    ],
  ),
];
