import { servicenow as tracker } from '../../../src/trackers/servicenow/index.ts';
import type { Draw } from '../draw.ts';
import type { Answer, Asked, Dialect, Rendered, Sent, Site, World } from '../site.ts';
import { type Change, isClosed, type Snapshot, type Task } from '../truth.ts';
import { SECRET, seconds, sent, stamped, standardWebhooks, WHSEC } from './common.ts';
import { servicenowAnswer } from './servicenow-api.ts';
import {
  BODIES,
  CODES,
  FAULTS,
  LINKS,
  PANELS,
  SHAPES,
  TABLE_NAMES,
  TABLES,
  type TableName,
  type TableStates,
} from './servicenow-shapes.ts';

/**
 * ServiceNow, by the rule of our documentation. States:
 * https://www.servicenow.com/docs/r/it-service-management/incident-management/c_IncidentManagementStateModel.html and the
 * pages on problems and changes beside it.
 */

/** `2026-03-02 09:00:00`, UTC without saying so. */
export const utc = (ms: number): string => seconds(ms).replace('T', ' ').replace('Z', '');

export class ServiceNow implements Site {
  readonly tracker = tracker;
  readonly provider: string;
  readonly env: Record<string, string>;
  readonly hasToken: boolean;
  readonly can;
  readonly failures: readonly string[] = ['a record that is not shown', 'a table that may not be read'];
  readonly tick = 1_000;
  readonly draw: Draw;
  readonly world: World;
  readonly table: TableName;
  readonly isHiddenTable: boolean;
  readonly fault: (typeof FAULTS)[number] | undefined;
  calls = 0;
  private readonly signs: boolean;
  private readonly declinedByCode: string | undefined;
  private readonly body: (typeof BODIES)[number] | undefined;

  constructor(draw: Draw, world: World) {
    this.draw = draw;
    this.world = world;
    this.provider = draw.pick(['service_now', 'servicenow']);
    this.hasToken = !draw.has('no token', 40);
    // Only problems have duplicates.
    const names: TableName[] = [...TABLE_NAMES, 'problem', 'problem'];
    const table = draw.wantsOne(names.map((name) => `the table ${name}`));
    const closedIn = TABLE_NAMES.find((name) =>
      draw.isFeatured(CODES[name].map((code) => `closed as ${code}`)),
    );
    const hasDuplicates = [...draw.featured].some((shape) => shape.includes('duplicates'));
    this.table = hasDuplicates
      ? 'problem'
      : (closedIn ?? TABLE_NAMES.find((name) => table?.endsWith(` ${name}`)) ?? 'incident');
    draw.use(`the table ${this.table}`);
    this.signs = !draw.has('the secret in a header', 20);
    this.env = {
      SERVICENOW_WEBHOOK_SECRET: this.signs ? WHSEC : SECRET,
      ...(this.hasToken && {
        SERVICENOW_API_TOKEN: 'closer:password',
        SERVICENOW_URL: [0, 1].map((place) => `https://${this.host({ place })}`).join(','),
      }),
    };
    const codes = CODES[this.table];
    const wanted = draw.wantsOne(
      codes.map((code) => `closed as ${code}`),
      60,
    );
    this.declinedByCode = codes.find((code) => wanted === `closed as ${code}`);
    this.body = draw.one(BODIES, 25);
    this.fault = this.hasToken ? draw.wantsOne(FAULTS, 40) : undefined;
    this.isHiddenTable = draw.wants('a table that may not be read', 40);
    this.can = {
      // Only problems name what they repeat, within their instance.
      duplicates: this.table === 'problem' ? 'webhook' : 'never',
      across: false,
      machines: 'never',
      closerInApi: false,
      moves: false,
      movesClosed: false,
      renames: false,
      deletes: true,
      // The rule runs where the state changes, and not for the code alone.
      straight: this.closedAs !== TABLES[this.table].done,
      declines: true,
    } as const;
  }

  /** An instance, and a copy of it in which the same records are. */
  host({ place }: Pick<Snapshot, 'place'>): string {
    return place === 0 ? 'acme.service-now.com' : 'acmetest.service-now.com';
  }

  sysId({ number }: Pick<Snapshot, 'number'>): string {
    return `9d385017c611228701d2${String(number).padStart(12, '0')}`;
  }

  numberOf({ number }: Pick<Snapshot, 'number'>): string {
    return `${TABLES[this.table].prefix}${String(number).padStart(7, '0')}`;
  }

  link(task: Task): string {
    const { draw, table } = this;
    const { now } = task;
    const [home, id] = [`https://${this.host(now)}`, this.sysId(now)];
    const under = () => this.sysId(this.world.addDecoy(now.place, now.number + 700).now);
    switch (draw.one(PANELS, 25)) {
      case 'a tab over a record':
        return `${home}/now/sow/record/${table}/${under()}/params/selected-tab-index/0/sub/record/${table}/${id}`;
      case 'a tab over a tab':
        return `${home}/now/sow/record/sn_grc_issue/${'a'.repeat(32)}/sub/record/${table}/${under()}/sub/record/${table}/${id}/params/selected-tab/details`;
    }
    switch (draw.one(LINKS, 50)) {
      case 'a link in a frame':
        return `${home}/nav_to.do?uri=${encodeURIComponent(`${table}.do?sys_id=${id}&sysparm_record_target=task`)}`;
      case 'a link of the next experience':
        return `${home}/now/nav/ui/classic/params/target/${encodeURIComponent(`${table}.do?sys_id=${id}`)}`;
      case 'a link of the workspace':
        return `${home}/now/sow/record/${table}/${id}`;
      case 'a link of the portal':
        return `${home}/sp?id=ticket&table=${table}&sys_id=${id}`;
      case 'a link by the number':
        return `${home}/nav_to.do?uri=${table}.do?sysparm_query=number=${this.numberOf(now)}`;
      case 'a link of the API':
        return `${home}/api/now/table/${table}/${id}`;
      default:
        return `${home}/${table}.do?sys_id=${id}`;
    }
  }

  /** The state of a record that will not be done. */
  private get closedAs(): string {
    const { declined, closedAs }: TableStates = TABLES[this.table];
    return this.declinedByCode === undefined && declined !== undefined ? declined : closedAs;
  }

  /** What the record's own fields say. */
  fieldsOf(now: Snapshot): { state: string; active: string; code: string } {
    const { open, done, declined, doneCode }: TableStates = TABLES[this.table];
    if (now.state === 'open' || now.state === 'deleted') return { state: open, active: 'true', code: '' };
    if (now.state === 'done')
      return { state: done, active: this.table === 'incident' ? 'true' : 'false', code: doneCode };
    if (now.state === 'duplicate') return { state: this.closedAs, active: 'false', code: 'duplicate' };
    if (declined !== undefined && this.declinedByCode === undefined)
      return { state: this.closedAs, active: 'false', code: '' };
    const code = this.declinedByCode ?? CODES[this.table][0] ?? '';
    this.draw.use(`closed as ${code}`);
    return { state: this.closedAs, active: 'false', code };
  }

  duplicateOf({ original }: Snapshot): string {
    return original === undefined ? '' : this.sysId(original.now);
  }

  render({ what, before, after }: Change): Rendered {
    const { draw, body } = this;
    const { state, active, code } = this.fieldsOf(after.state === 'deleted' ? before : after);
    const operation = after.state === 'deleted' ? 'delete' : 'update';
    const times = isClosed(after) ? utc(after.since) : '';
    const codeField = this.table === 'problem' ? 'resolution_code' : 'close_code';
    const own: Record<string, unknown> = {
      operation,
      instance: `https://${this.host(after)}/`,
      table: this.table,
      sys_id: this.sysId(after),
      number: this.numberOf(after),
      state,
      previous_state: this.fieldsOf(before).state,
      active,
      close_code: '',
      resolution_code: '',
      [codeField]: code,
      duplicate_of: this.duplicateOf(after),
      resolved_at: this.table === 'incident' || this.table === 'problem' ? times : '',
      closed_at: times,
      sys_updated_on: utc(after.updatedAt),
      sys_updated_by: 'ada',
      sys_mod_count: String(after.revision),
    };
    const all: Sent[] = draw.has('events of other kinds')
      ? [this.sign({ event_type: 'sn.heartbeat', id: 'h1' })]
      : [];
    if (what === 'touch') {
      // The rule runs where the state changed; another one may run for each update.
      if (!draw.has('an update of other fields', 40)) return { sent: all, tells: true };
      return { sent: [...all, this.sign({ ...own, previous_state: state })], tells: true };
    }
    const shaped =
      body === 'a whole record'
        ? {
            record: {
              ...own,
              assignment_group: {
                link: `https://${this.host(after)}/api/now/table/sys_user_group/1`,
                value: '1',
              },
            },
            operation,
          }
        : body === 'the table by its number alone' && this.table !== 'incident_task'
          ? Object.fromEntries(Object.entries(own).filter(([name]) => name !== 'table'))
          : body === 'values beside what people see'
            ? { ...own, state: { value: state, display_value: 'Geschlossen' } }
            : own;
    return { sent: [...all, this.sign(shaped)], tells: true };
  }

  private sign(body: unknown): Sent {
    if (!this.signs) return sent(body, () => ({ 'x-webhook-secret': SECRET }));
    return stamped(
      () => body,
      (text, at) => standardWebhooks(text, at),
    );
  }

  answer(asked: Asked): Answer {
    return servicenowAnswer(this, asked);
  }

  shows({ now }: Task): boolean {
    if (this.fault === 'a state that is empty') return false;
    // How it was closed only its own table tells.
    return this.fault !== 'its own table answers with nothing' || !isClosed(now);
  }
}

export const servicenow: Dialect = {
  name: 'servicenow',
  shapes: SHAPES,
  stories: Object.fromEntries(
    Object.values(CODES).flatMap((codes) => codes.map((code) => [`closed as ${code}`, 'declined'])),
  ),
  open: (draw, world) => new ServiceNow(draw, world),
};
