/** A service hook's payload: https://learn.microsoft.com/azure/devops/service-hooks/events#work-item-updated */
import { z } from 'zod';
import { type AzurePlace, CLOUD, isId, siteOf, siteOfBase } from './permalink.ts';
import { personSchema } from './who.ts';

/** For fields that are not needed to know the state, an invalid value counts as absent. */
const odd = () => null;
const text = z.string().nullish().catch(odd);
const fields = z.record(z.string(), z.unknown());

const relationSchema = z.object({
  rel: z.string(),
  url: z.string(),
  attributes: z.object({ name: text }).nullish().catch(odd),
});
export const relationsSchema = z.array(relationSchema).nullish().catch(odd);

const changeSchema = z.object({ oldValue: z.unknown(), newValue: z.unknown() }).partial();
const linkSchema = z.object({ href: text }).nullish().catch(odd);

/** Parts are missing if the hook is configured to send less. */
export const payloadSchema = z.object({
  id: text,
  resource: z.object({
    /** Of an update: its own number, and none of an item. */
    id: z.number(),
    workItemId: z.number().nullish(),
    rev: z.number().nullish().catch(odd),
    url: text,
    revisedBy: personSchema,
    fields: fields.nullish(),
    revision: z
      .object({
        id: z.number().nullish().catch(odd),
        rev: z.number().nullish().catch(odd),
        fields,
        relations: relationsSchema,
      })
      .nullish(),
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
export interface WorkItemChange {
  id: string;
  site: string | undefined;
  now: Readonly<Record<string, unknown>>;
  /** The payload has the revision before the update, as old servers send it, so the changes are newer. */
  isBefore: boolean;
  /** By the field's name; empty except for an update. */
  changes: ReadonlyMap<string, { before: unknown; after: unknown }>;
}

export function readPayload(
  { resource, resourceContainers }: Payload,
  isUpdate: boolean,
): WorkItemChange | undefined {
  // The sample that the hook's Test button sends has 0 there: https://learn.microsoft.com/azure/devops/service-hooks/events#work-item-updated
  const id = String(isUpdate ? resource.workItemId || resource.revision?.id : resource.id);
  const now = isUpdate ? resource.revision?.fields : resource.fields;
  if (!isId(id) || now == null) return undefined;
  const links = [resource.url, resource._links?.self?.href, resource._links?.html?.href];
  // Its own address tells the whole path of a collection; any other one leaves it to be guessed where the project begins.
  const sites = [
    siteOfBase(resourceContainers?.collection?.baseUrl ?? ''),
    ...links.map((address) => siteOf(address ?? '')),
    organizationOf(resourceContainers?.account?.baseUrl ?? ''),
  ];
  return {
    id,
    site: sites.find((site) => site !== undefined),
    now,
    isBefore: (resource.revision?.rev ?? Infinity) < (resource.rev ?? -Infinity),
    changes: new Map(isUpdate ? Object.entries(resource.fields ?? {}).map(changed) : []),
  };
}

/** Of an account that is the organization itself; on a server it is above the collections. */
function organizationOf(address: string): string | undefined {
  const site = siteOfBase(address);
  return site?.startsWith(`${CLOUD}/`) ? site : undefined;
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
 * The item that a duplicate names as its original, in the same organization or collection. By the name of the link where
 * it has the English one, else by its kind: https://learn.microsoft.com/azure/devops/boards/queries/link-type-reference
 */
export function originalIn(relations: z.infer<typeof relationsSchema>, site: string): AzurePlace | undefined {
  const link = relations?.find(({ rel, attributes }) => {
    const name = attributes?.name ?? '';
    const isReverse = rel === 'System.LinkTypes.Duplicate-Reverse' && !/^duplicate$/i.test(name);
    return isReverse || /^duplicate of$/i.test(name);
  });
  const id = /\/workitems\/(\d+)\/?$/i.exec(link?.url ?? '')?.[1] ?? '';
  return isId(id) ? { site, id } : undefined;
}
