/** What a service hook sends of a work item: https://learn.microsoft.com/azure/devops/service-hooks/events#work-item-updated */
import { z } from 'zod';
import { isId, locate, siteOf, siteOfBase } from './azure-devops-permalink.ts';

/** Of what is not needed to know the state, an odd value is as good as none. */
const odd = () => null;
const text = z.string().nullish().catch(odd);
const fields = z.record(z.string(), z.unknown());

const personSchema = z.object({ id: text, displayName: text, descriptor: text }).nullish().catch(odd);
const relationSchema = z.object({
  rel: z.string(),
  url: z.string(),
  attributes: z.object({ name: text }).nullish().catch(odd),
});
export const relationsSchema = z.array(relationSchema).nullish().catch(odd);

const changeSchema = z.object({ oldValue: z.unknown(), newValue: z.unknown() }).partial();
const linkSchema = z.object({ href: text }).nullish().catch(odd);

/** Where the hook is told to send less, parts of it are missing. */
export const payloadSchema = z.object({
  id: text,
  resource: z.object({
    /** Of an update: its own number, and none of an item. */
    id: z.number(),
    workItemId: z.number().nullish(),
    url: text,
    revisedBy: personSchema,
    fields: fields.nullish(),
    revision: z.object({ id: z.number().nullish().catch(odd), fields, relations: relationsSchema }).nullish(),
    relations: relationsSchema,
    _links: z.object({ self: linkSchema, html: linkSchema }).nullish().catch(odd),
  }),
  resourceContainers: z
    .object({
      collection: z.object({ id: text, baseUrl: text }).nullish().catch(odd),
      account: z.object({ baseUrl: text }).nullish().catch(odd),
    })
    .nullish()
    .catch(odd),
});
export type Payload = z.infer<typeof payloadSchema>;

/** One work item as it is now, and what changed of it. */
export interface Sent {
  id: string;
  site: string | undefined;
  now: Readonly<Record<string, unknown>>;
  /** By the field's name; empty but for an update. */
  changes: ReadonlyMap<string, { before: unknown; after: unknown }>;
}

export function readPayload({ resource, resourceContainers }: Payload, isUpdate: boolean): Sent | undefined {
  // The sample that the hook's Test button sends has 0 there: https://learn.microsoft.com/azure/devops/service-hooks/events#work-item-updated
  const id = String(isUpdate ? resource.workItemId || resource.revision?.id : resource.id);
  const now = isUpdate ? resource.revision?.fields : resource.fields;
  if (!isId(id) || now == null) return undefined;
  const links = [resource.url, resource._links?.self?.href, resource._links?.html?.href];
  const bases = [resourceContainers?.collection?.baseUrl, resourceContainers?.account?.baseUrl];
  const sites = [
    ...links.map((address) => siteOf(address ?? '')),
    ...bases.map((address) => siteOfBase(address ?? '')),
  ];
  return {
    id,
    site: sites.find((site) => site !== undefined),
    now,
    changes: new Map(isUpdate ? Object.entries(resource.fields ?? {}).map(changed) : []),
  };
}

function changed([name, value]: [string, unknown]): [string, { before: unknown; after: unknown }] {
  const { oldValue, newValue } = changeSchema.safeParse(value).data ?? {};
  return [name, { before: oldValue, after: newValue }];
}

/** A field that holds a text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/**
 * The item that a duplicate names as its original. By the name of the link where it has the English one, else by its
 * kind: https://learn.microsoft.com/azure/devops/boards/queries/link-type-reference
 */
export function originalIn(relations: z.infer<typeof relationsSchema>) {
  const link = relations?.find(({ rel, attributes }) => {
    const name = attributes?.name ?? '';
    const isReverse = rel === 'System.LinkTypes.Duplicate-Reverse' && !/^duplicate$/i.test(name);
    return isReverse || /^duplicate of$/i.test(name);
  });
  return link && locate(link.url);
}
