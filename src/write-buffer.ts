import { WriteBehind, type WriteBehindOptions } from './write-behind.ts';

export interface WriteBufferOptions<V> extends Omit<WriteBehindOptions, 'write'> {
  /** Two values of one key as one, the earlier one first. */
  join(before: V, later: V): V;
  write(values: ReadonlyMap<string, V>): Promise<unknown>;
}

/** Values by key, written together behind the work. What the store does not take goes along with the next attempt. */
export class WriteBuffer<V> {
  readonly #join: WriteBufferOptions<V>['join'];
  readonly #writer: WriteBehind;
  #values = new Map<string, V>();

  constructor({ join, write, ...options }: WriteBufferOptions<V>) {
    this.#join = join;
    this.#writer = new WriteBehind({ ...options, write: () => this.#write(write) });
  }

  get size(): number {
    return this.#values.size;
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  add(key: string, value: V): void {
    const before = this.#values.get(key);
    this.#values.set(key, before === undefined ? value : this.#join(before, value));
    this.#writer.schedule();
  }

  /** Writes what was collected. Never throws. */
  write(): Promise<void> {
    return this.#writer.write();
  }

  /** Writes the rest, if the store takes it at once. */
  close(): Promise<void> {
    return this.#writer.close();
  }

  async #write(write: WriteBufferOptions<V>['write']): Promise<void> {
    const values = this.#values;
    if (values.size === 0) return;
    this.#values = new Map();
    try {
      await write(values);
    } catch (error) {
      for (const [key, value] of values) {
        const later = this.#values.get(key);
        this.#values.set(key, later === undefined ? value : this.#join(value, later));
      }
      throw error;
    }
  }
}
