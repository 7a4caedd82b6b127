/**
 * Mistakes of the kind that slips through a review, in the same form as those of `mistakes.mjs`: something that was
 * right is gone, comes in the wrong order, or is trusted for too long. What nothing uses any more then would go with it.
 */
const of = (file, near, ...slips) => slips.map(([breaks, from, to]) => ({ breaks, file, near, from, to }));

export const slips = [
  ...of(
    'src/review/closing/closing.ts',
    ['test/review'],
    [
      'a review that was stopped or lost its lock sends its edit all the same',
      `  if (signal.aborted) throw new PutBack(\`the review of \${incident.reference} was stopped before the edit\`, 0);
`,
      '',
    ],
  ),
  ...of(
    'src/review/closing/intents.ts',
    ['test/review'],
    [
      'after a lost answer, an older update of ours counts as the edit that is looked for',
      `    .slice(known + 1)
    .find(
      ({ id, updater, status, message }) =>`,
      `    .find(
      ({ id, updater, status, message }) =>`,
    ],
    [
      'an edit that another review has confirmed meanwhile becomes a failed one, and its place at the brake is given back',
      "(closure) => (closure.outcome === 'open' ? { ...closure, outcome: 'failed' } : closure)",
      "(closure) => ({ ...closure, outcome: 'failed' })",
    ],
  ),
  ...of(
    'src/review/evaluate.ts',
    ['test/review'],
    [
      'a hold that is set while the trackers answer comes too late',
      `      facts.hold = await store.holds.get(incidentId);
`,
      '',
    ],
    [
      'an incident whose status changed since it was read counts as it was: its first update is compared, not its last',
      'facts.updates.at(-1)?.status.id !== facts.incident?.status.id',
      'facts.updates.at(0)?.status.id !== facts.incident?.status.id',
    ],
    [
      'a worker that stops waits for every tracker that it has asked',
      'askTrackers({ followUps }, deps, inspecting ? undefined : mode)',
      'askTrackers({ followUps }, deps)',
    ],
  ),
  ...of(
    'src/review/gather.ts',
    ['test/review'],
    [
      'an incident that was read replaces one that was read later',
      'current.seen.updatedAt > incident.updatedAt',
      'current.seen.updatedAt < incident.updatedAt',
    ],
  ),
  ...of(
    'src/review/review.ts',
    ['test/review'],
    [
      'an incident that was read before many slow writes still counts as just read',
      "incident.status === 'fulfilled' && deps.clock.now() - began < FRESH",
      "incident.status === 'fulfilled'",
    ],
    [
      'a review that is woken before the first sync has ended is owed to nobody',
      `    await store.addPendingWakes([incidentId], deps.clock.now());
`,
      '',
    ],
    [
      'an incident that the brake holds back right before its edit is not looked at again when a place is free',
      `        await waker.wakeAt(incidentId, closed.brakeUntil, deps.clock.now());
`,
      '',
    ],
  ),
  ...of(
    'src/review/write-follow-up.ts',
    ['test/review'],
    [
      'after a write that was forbidden, whoever sets that follow-up next is taken for us',
      `if (error instanceof NotFoundError || error instanceof RefusedError || error instanceof ForbiddenError)
      await (lastWrite`,
      `if (error instanceof NotFoundError || error instanceof RefusedError)
      await (lastWrite`,
    ],
  ),
  ...of(
    'src/review/unconfirmed.ts',
    ['test/review'],
    [
      'a tracker that does not confirm is asked again after ever longer times, days in the end',
      'while (next <= waited && next < LONGEST_AGAIN) next = Math.min(LONGEST_AGAIN, next * 2);',
      'while (next <= waited) next *= 2;',
    ],
  ),
  ...of(
    'src/review/store-outcome.ts',
    ['test/review'],
    [
      'the log hides what an incident waits for, as if it were private, where only the store knows that it is not',
      "return incident && ('visibility' in incident ? incident.visibility : incident.about?.visibility);",
      "return incident && 'visibility' in incident ? incident.visibility : undefined;",
    ],
  ),
  ...of(
    'src/events/record.ts',
    ['test/events'],
    [
      'an event is done although the queue did not take the wake of its incident',
      `  await deps.waker.wake([...wakes.keys()], (incident) => wakes.get(incident) ?? '', {
    behind: job.behind === true,
  });
  for (const one of taken) if`,
      `  void deps.waker.wake([...wakes.keys()], (incident) => wakes.get(incident) ?? '', {
    behind: job.behind === true,
  });
  for (const one of taken) if`,
    ],
  ),
  ...of(
    'src/events/unread-changes.ts',
    ['test/events', 'test/review/unread-change.test.ts'],
    [
      'of two changes that could not be read the older one counts',
      'timeOf(current) > timeOf(next) ? current : next',
      'timeOf(current) < timeOf(next) ? current : next',
    ],
  ),
  ...of(
    'src/events/unlinked.ts',
    ['test/events'],
    [
      'the state of a task that was linked meanwhile is dropped with those that have no link',
      'tasks.filter((task) => !incidents.get(task)?.size)',
      'tasks.filter((task) => incidents.has(task))',
    ],
  ),
  ...of(
    'src/store/store.ts',
    ['test/store', 'test/sync'],
    [
      'a process that was too slow releases the lease of the one that took over',
      '(current) => (current?.holder === holder ? undefined : current)',
      '() => undefined',
    ],
    [
      'a sync that is asked for while one runs is forgotten when that one ends',
      '(current) => (current === request ? undefined : current)',
      '() => undefined',
    ],
  ),
  ...of(
    'src/store/store-clock.ts',
    ['test/incident-io/store-clock.test.ts', 'test/store'],
    [
      "after one failed measurement the store's clock is never measured again",
      `      offset = await measure(tables, clock);
    } catch {
      // The previous offset is still the best one known, and whoever needs the store learns that it is down.
    } finally {
      measuredAt = clock.now();
      measuring = false;
    }`,
      `      offset = await measure(tables, clock);
      measuredAt = clock.now();
      measuring = false;
    } catch {
      // The previous offset is still the best one known, and whoever needs the store learns that it is down.
    }`,
    ],
  ),
  ...of(
    'src/store/history/story.ts',
    ['test/store'],
    [
      'of several tasks that were opened again after a closing, its story tells one',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code
      'return `reopened ${entry.closure} ${entry.task}`;',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code
      'return `reopened ${entry.closure}`;',
    ],
  ),
  ...of(
    'src/sync/sync.ts',
    ['test/sync'],
    [
      'a sync that fails keeps its lease, so that none begins for half a minute',
      `    return synced;
  } finally {
    await store.releaseLease('sync', holder);
  }`,
      `    await store.releaseLease('sync', holder);
    return synced;
  } catch (error) {
    deps.log.debug({ err: error }, 'a sync failed');
    throw error;
  }`,
    ],
  ),
  ...of(
    'src/sync/take-in.ts',
    ['test/sync'],
    [
      'reviews count as woken before the queue has taken them',
      `    await waker.wake(incidents, 'a follow-up that is new or changed in incident.io');
    await store.removePendingWakes(incidents);`,
      `    await store.removePendingWakes(incidents);
    await waker.wake(incidents, 'a follow-up that is new or changed in incident.io');`,
    ],
  ),
  ...of(
    'src/sync/full-sync.ts',
    ['test/sync'],
    [
      'a full sync forgets the follow-ups that were made after their page was read',
      '!listed.has(id) && value.indexedAt < started',
      '!listed.has(id)',
    ],
  ),
  ...of(
    'src/sync/sweep.ts',
    ['test/sync'],
    [
      'a sweep wakes the first twenty incidents alone',
      'incidents.slice(start, start + PORTION)',
      'incidents.slice(start, PORTION)',
    ],
    [
      'an incident that is left for now is not looked at when its time has come, but a day later',
      'now < Math.min(outcome.at + CHECK_AGAIN',
      'now < Math.max(outcome.at + CHECK_AGAIN',
    ],
  ),
  ...of(
    'src/sync/late-links.ts',
    ['test/sync'],
    [
      'of many follow-ups without a link only those of the newest hundred incidents are read again',
      'left.length > incidents.length ? incidents.at(-1) : undefined',
      'left.length > incidents.length ? left.at(-1) : undefined',
    ],
  ),
  ...of(
    'src/queue/options.ts',
    ['test/queue'],
    [
      'a wake that comes while its incident is reviewed is lost',
      'deduplication: { id: incidentId, keepLastIfActive: true }',
      'deduplication: { id: incidentId }',
    ],
  ),
  ...of(
    'src/queue/failed-jobs.ts',
    ['test/queue'],
    [
      'of many failed jobs the oldest are listed',
      'found.sort((a, b) => b.at - a.at).slice(0, limit)',
      'found.sort((a, b) => a.at - b.at).slice(0, limit)',
    ],
  ),
  ...of(
    'src/queue/kept-worker.ts',
    ['test/queue'],
    [
      'a worker that is made anew while the API key does not work takes jobs',
      `    if (this.#paused) await worker.pause(true);
`,
      '',
    ],
  ),
  ...of(
    'src/worker/key-watch.ts',
    ['test/worker'],
    [
      'other roles of the key count as told before what was refused has been woken, so that a failure loses it',
      `this.onRoles()
      .then(() => this.store.meta.put(KEY_ROLES, now))`,
      `this.store.meta.put(KEY_ROLES, now)
      .then(() => this.onRoles())`,
    ],
  ),
  ...of(
    'src/worker/take-events.ts',
    ['test/worker'],
    [
      'a job that fails while it reads from a tracker keeps its place there forever',
      `      try {
        const read = await readHints(acquired.free, { ...deps, signal: job.signal });
        later = bothLater(acquired.later, read.later);
        return read.events;
      } finally {
        acquired.release();
      }`,
      `      const read = await readHints(acquired.free, { ...deps, signal: job.signal });
      later = bothLater(acquired.later, read.later);
      acquired.release();
      return read.events;`,
    ],
  ),
  ...of(
    'src/receiver/batching.ts',
    ['test/receiver'],
    [
      'the time that a delivery has waited already is not taken off its deadline',
      'Math.max(0, Math.ceil(this.#options.deadline - waited))',
      'Math.max(0, Math.ceil(this.#options.deadline))',
    ],
  ),
  ...of(
    'src/receiver/server.ts',
    ['test/receiver'],
    [
      'a process that was not ready once never is',
      `withDeadline(ready(), READY_DEADLINE, late).finally(() => {
      looking = undefined;
    })`,
      `withDeadline(ready(), READY_DEADLINE, late).then((answer) => {
      looking = undefined;
      return answer;
    })`,
    ],
  ),
  ...of(
    'src/receiver/secrets.ts',
    ['test/receiver'],
    [
      'a delivery waits for a store that hangs, without an end',
      'await this.#soon(offered.of(this.#source.name))',
      'await offered.of(this.#source.name)',
    ],
  ),
  ...of(
    'src/read-back/tracker-watch.ts',
    ['test/read-back'],
    [
      'an answer that was under way lifts the pause that a tracker has asked for since',
      'recovered = current?.failure !== undefined && current.failure.retryAt <= began;',
      'recovered = current?.failure !== undefined && began <= now;',
    ],
  ),
  ...of(
    'src/read-back/reader.ts',
    ['test/read-back'],
    [
      'a token that a tracker repeats is kept where its tasks were read in part',
      `        hideToken(found, token);
        // If`,
      '        // If',
    ],
  ),
  ...of(
    'src/read-back/read-hints.ts',
    ['test/read-back', 'test/worker/take-events.test.ts'],
    [
      'a hint is lost where the answer says nothing of its task',
      '(notAsked.has(task) || failed.has(task)) && clock',
      'notAsked.has(task) && clock',
    ],
  ),
  ...of(
    'src/read-back/ask.ts',
    ['test/read-back'],
    [
      'what ends the reading from one tracker looks as if nothing had been asked',
      `  for (const end of ended) if (end.status === 'rejected') throw end.reason;
`,
      '',
    ],
  ),
  ...of(
    'src/incident-io/calls.ts',
    ['test/incident-io'],
    [
      'a write sits out a pause, and is then sent by what was known before it',
      "facts.method === 'GET' && ms <= PAUSE_SAT_OUT",
      'ms <= PAUSE_SAT_OUT',
    ],
  ),
  ...of(
    'src/incident-io/edit.ts',
    ['test/incident-io'],
    [
      'an edit that failed for any reason is sent a second time, without the message',
      'if (!notifyIncidentChannel || !isAboutChannel(error)) throw error;',
      'if (!notifyIncidentChannel) throw error;',
    ],
  ),
  ...of(
    'src/incident-io/status-cache.ts',
    ['test/incident-io'],
    [
      'statuses that could not be read once cannot be read for ten minutes',
      `      read.statuses.catch(() => {
        if (this.read === read) this.forget();
      });`,
      '      read.statuses.catch(() => {});',
    ],
  ),
  ...of(
    'src/announcements/announce.ts',
    ['test/announcements'],
    [
      'what was told in one place counts as told in another one of the same incident',
      'place.kind === kind && place.to === to',
      'place.to === to',
    ],
  ),
  ...of(
    'src/announcements/blocked.ts',
    ['test/announcements'],
    [
      'that an incident should be closed and is not is told once in its life',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code
      '`incident.blocked/${incident}/${since}`',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code
      '`incident.blocked/${incident}`',
    ],
  ),
  ...of(
    'src/announcements/in-incident.ts',
    ['test/announcements'],
    [
      'a process whose work another one has taken over posts to the incident all the same',
      `      await mayPost();
`,
      '',
    ],
  ),
  ...of(
    'src/notifications/changes.ts',
    ['test/notifications'],
    [
      'a trouble that comes back within a minute is told as over when it is gone for a moment again',
      `    const { goneAt: _, ...stands } = known;
    return { ...stands, words };`,
      '    return { ...known, words };',
    ],
  ),
  ...of(
    'src/notifications/notifier.ts',
    ['test/notifications'],
    [
      'a trouble that cannot be looked for is told as over',
      'if (!isOfUnknownKind(value, unknownKinds)) ids.add(id);',
      'if (value !== undefined) ids.add(id);',
    ],
  ),
  ...of(
    'src/operations/failed.ts',
    ['test/operations'],
    [
      'jobs that were retried before the queue failed are nowhere recorded',
      `  } finally {
    await record(retried);
  }`,
      `  } catch (error) {
    log.warn({ err: error }, 'not all were put back');
    throw error;
  }
  await record(retried);`,
    ],
  ),
  ...of(
    'src/operations/erase.ts',
    ['test/operations'],
    [
      'the name of a person stays in hints that wait in the queue',
      "for (const kind of ['tasks', 'hints'])",
      "for (const kind of ['tasks'])",
    ],
  ),
  ...of(
    'src/commands/history.ts',
    ['test/commands', 'test/operations'],
    [
      '`history` shows the oldest first, and cuts off the newest',
      'Date.parse(other.at) - Date.parse(one.at)',
      'Date.parse(one.at) - Date.parse(other.at)',
    ],
  ),
  ...of(
    'src/board/for-viewers.ts',
    ['test/board'],
    [
      'viewers see the follow-ups of a private incident on its page',
      'incident: incident(page.incident), followUps: [], story: { unreadable: HIDDEN } }',
      'incident: incident(page.incident), story: { unreadable: HIDDEN } }',
    ],
  ),
  ...of(
    'src/board/list/list.ts',
    ['test/board'],
    [
      'the board does not show that the reviews of an incident fail, or work again, until something else changes',
      'kept === undefined || kept.failing !== failing.get(id)',
      'kept === undefined',
    ],
  ),
  ...of(
    'src/board/list/charts.ts',
    ['test/board'],
    [
      'a closing at the turn of two weeks counts in both',
      'confirmedAt >= at && confirmedAt < at + WEEK',
      'confirmedAt >= at && confirmedAt <= at + WEEK',
    ],
  ),
  ...of(
    'src/backtest/read-past.ts',
    ['test/backtest'],
    [
      'an incident whose history could not be read is judged as one without any',
      `  for (const end of ended) if (end.status === 'rejected') throw end.reason;
`,
      '',
    ],
  ),
  ...of(
    'src/settings/env-file.ts',
    ['test/settings'],
    ['a .env that the whole group may write is read', '(mode & 0o022) !== 0', '(mode & 0o002) !== 0'],
  ),
  ...of(
    'src/trackers/jira/read-back.ts',
    ['test/trackers', 'test/read-back'],
    [
      'Jira is asked on, issue by issue, after it said that its limit is used up',
      `        if (error instanceof TrackerBusyError || error instanceof TrackerAccessError) throw error;
        failed.set(`,
      '        failed.set(',
    ],
  ),
  ...of(
    'src/trackers/standard-webhooks.ts',
    ['test/trackers', 'test/receiver'],
    [
      'a delivery with a time of next year is taken, and so can be repeated until then',
      'if (Math.abs(age) > TOLERANCE) return false;',
      'if (age > TOLERANCE) return false;',
    ],
  ),
];
