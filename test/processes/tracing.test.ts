/** Traces of OpenTelemetry, as a collector gets them by OTLP over HTTP. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { onePlace, queuePlaces } from '../support/backends.ts';
import { freePort } from '../support/free-port.ts';
import { closed, openProcessWorld } from './world.ts';

const attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const spanSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  attributes: z.array(attribute),
});
type Span = z.infer<typeof spanSchema>;
const traces = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(attribute) }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
});

async function startCollector() {
  const spans: Span[] = [];
  const resources: string[] = [];
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    bodies.push(body);
    for (const { resource, scopeSpans } of traces.parse(JSON.parse(body)).resourceSpans) {
      resources.push(JSON.stringify(resource.attributes));
      spans.push(...scopeSpans.flatMap((scope) => scope.spans));
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, spans, resources, bodies };
}

const valueAt = (span: Span | undefined, key: string) =>
  JSON.stringify(span?.attributes.find((one) => one.key === key)?.value);

it.each(queuePlaces())(
  'one trace leads from the delivery over both queues to the call that closes, on $name',
  async (place) => {
    const collector = await startCollector();
    const world = await openProcessWorld(
      place,
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
        OTEL_BSP_SCHEDULE_DELAY: '100',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      },
      {},
      { onTestFinished },
    );
    const incident = world.incident(['trace/api#1']);
    const service = await world.serve();
    await service.logged('first sync finished');
    await service.github({ issue: 'trace/api#1', action: 'closed' });
    await closed(world, incident);

    const edit = () => collector.spans.find(({ name }) => name === 'POST /v2/incidents/{id}/actions/edit');
    await expect.poll(edit).toBeDefined();
    const parentOf = (span: Span | undefined) =>
      collector.spans.find(({ spanId }) => spanId === span?.parentSpanId);
    const path = () => {
      const names: string[] = [];
      for (let span = edit(); span !== undefined; span = parentOf(span)) names.unshift(span.name);
      return names;
    };
    await expect
      .poll(path)
      .toEqual([
        'POST /webhooks/github',
        expect.stringContaining('add events'),
        expect.stringContaining('process events'),
        expect.stringContaining('addBulk reviews'),
        expect.stringContaining('process reviews'),
        'POST /v2/incidents/{id}/actions/edit',
      ]);
    const review = parentOf(edit());
    expect(valueAt(review, 'incident_closer.incident')).toContain(incident.id);
    expect(valueAt(review, 'incident_closer.verdict')).toContain('close');
    const delivery = collector.spans.find(({ name }) => name === 'POST /webhooks/github');
    expect(valueAt(delivery, 'incident_closer.outcome')).toContain('accepted');
    expect(collector.resources[0]).toContain('incident-closer');
    expect(collector.resources[0]).toContain('deployment.environment.name');
    // The lines of the log name the same trace.
    await expect
      .poll(() => service.stdout.find((line) => line.includes('is confirmed')))
      .toContain(`"trace_id":"${edit()?.traceId}"`);
    for (const hidden of [world.env.INCIDENT_IO_API_KEY, world.env.GITHUB_WEBHOOK_SECRET])
      expect(collector.bodies.join('\n')).not.toContain(hidden);
  },
);

it('a collector that is down keeps nothing from closing, nor the process from stopping, and is told of once', async () => {
  const [place] = onePlace('redis');
  if (place === undefined) throw new Error('no backend is tested');
  const world = await openProcessWorld(
    place,
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      OTEL_BSP_SCHEDULE_DELAY: '100',
    },
    {},
    { onTestFinished },
  );
  const incident = world.incident(['trace/down#1']);
  const service = await world.serve();
  await service.logged('first sync finished');
  await service.github({ issue: 'trace/down#1', action: 'closed' });
  await closed(world, incident);
  await service.logged('Traces cannot be sent');
  service.signal('SIGTERM');
  expect(await service.ended(10_000)).toMatchObject({ code: 0 });
  expect(service.stdout.filter((line) => line.includes('Traces cannot be sent'))).toHaveLength(1);
});
