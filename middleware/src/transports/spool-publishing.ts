import { isJsonObject, parseJson } from '@showcause/core';
import { codeOf } from '../decision.ts';
import { AuditError } from '../errors.ts';
import type { Disk } from '../spool/disk.ts';
import { segmentNames } from '../spool/inspect.ts';
import { CURSOR } from '../spool/mend.ts';
import type { Transport } from './port.ts';
import { readCovered } from './spool-reader.ts';
import type { SpoolCursor, SpoolStep } from './spool-reader.ts';

/**
 * Segments whose sync failed, by path, and which segment was the newest of their folder then. Linux marks the lost
 * pages clean, so that a second sync would lie. A writer whose sync failed begins no segment any more, and whoever
 * recovers its spool writes the tail again first: once there is a newer segment, the bytes are on the disk.
 */
export type Mistrusted = Map<string, string>;

/** Reads what is promised, publishes it, and only then moves the durable cursor: at least once, in order. */
export class SpoolPublishing {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #transport: Pick<Transport, 'publish'>;
  readonly #cursorPath: string;
  readonly #mistrusted: Mistrusted;
  #cursor: SpoolCursor | null;
  #isKept = true;

  /** @param mistrusted  what is known of earlier syncs in this process */
  constructor(
    disk: Disk,
    dir: string,
    transport: Pick<Transport, 'publish'>,
    mistrusted: Mistrusted = new Map(),
  ) {
    this.#mistrusted = mistrusted;
    this.#disk = disk;
    this.#dir = dir;
    this.#transport = transport;
    this.#cursorPath = `${dir}/${CURSOR}`;
    this.#cursor = readCursor(disk.read(this.#cursorPath));
  }

  /** Bytes of the spool that the transport has not taken. */
  get behind(): number {
    const from = this.#cursor?.segment ?? '';
    return segmentNames(this.#disk, this.#dir)
      .filter((name) => name >= from)
      .reduce(
        (sum, name) => sum + this.#sizeOf(name) - (name === from ? this.#cursor!.offset : 0),
        0,
      );
  }

  /** A segment may be removed between the list and the look. */
  #sizeOf(name: string): number {
    const path = `${this.#dir}/${name}`;
    return this.#disk.modified(path) === null ? 0 : this.#disk.size(path);
  }

  /** Whether a promise covers something that was not published. */
  get isBehind(): boolean {
    return this.next() !== null;
  }

  /** The next messages, or null when nothing more is promised. */
  next(): SpoolStep | null {
    return readCovered(this.#disk, this.#dir, this.#cursor);
  }

  /** Acknowledged on return; {@link keepCursor} makes that durable. @throws {AuditError} `SPOOL_POISONED`, `TRANSPORT_*` */
  async publish(step: SpoolStep): Promise<void> {
    this.#makeDurable(step.next.segment);
    await this.#transport.publish(step.messages);
    this.#cursor = step.next;
    this.#isKept = false;
  }

  /** Where it cannot be kept, and the process ends, duplicates follow, which are harmless. */
  keepCursor(): void {
    if (this.#isKept) return;
    this.#disk.replace(this.#cursorPath, JSON.stringify(this.#cursor));
    this.#isKept = true;
  }

  /** What was read may still be on its way to the disk; others must never know more than it does. */
  #makeDurable(segment: string): void {
    const path = `${this.#dir}/${segment}`;
    const newest = segmentNames(this.#disk, this.#dir).at(-1) ?? '';
    if (this.#mistrusted.get(path) === newest)
      throw new AuditError('SPOOL_POISONED', { got: `${segment}, whose sync has failed` });
    const file = this.#disk.open(path);
    try {
      file.datasync();
      this.#mistrusted.delete(path);
    } catch (cause) {
      this.#mistrusted.set(path, newest);
      throw new AuditError('SPOOL_POISONED', { got: `${segment}: ${codeOf(cause)}`, cause });
    } finally {
      file.close();
    }
  }
}

function readCursor(bytes: Uint8Array | null): SpoolCursor | null {
  if (bytes === null) return null;
  try {
    const value = parseJson(new TextDecoder().decode(bytes));
    if (!isJsonObject(value)) return null;
    const { segment, offset } = value;
    return typeof segment === 'string' && typeof offset === 'number' ? { segment, offset } : null;
  } catch {
    return null; // lost: everything is published again, and duplicates are harmless
  }
}
