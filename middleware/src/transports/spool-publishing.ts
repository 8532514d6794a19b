import { isJsonObject, parseJson } from '@showcause/core';
import type { Disk } from '../spool/disk.ts';
import { CURSOR } from '../spool/mend.ts';
import type { Transport } from './port.ts';
import { readCovered } from './spool-reader.ts';
import type { SpoolCursor, SpoolStep } from './spool-reader.ts';

/** Reads what is promised, publishes it, and only then moves the durable cursor: at least once, in order. */
export class SpoolPublishing {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #transport: Pick<Transport, 'publish'>;
  readonly #cursorPath: string;
  #cursor: SpoolCursor | null;

  constructor(disk: Disk, dir: string, transport: Pick<Transport, 'publish'>) {
    this.#disk = disk;
    this.#dir = dir;
    this.#transport = transport;
    this.#cursorPath = `${dir}/${CURSOR}`;
    this.#cursor = readCursor(disk.read(this.#cursorPath));
  }

  /** Bytes of the spool that the transport has not taken. */
  get behind(): number {
    const from = this.#cursor?.segment ?? '';
    return this.#disk
      .list(this.#dir)
      .filter((name) => name.endsWith('.spool') && name >= from)
      .reduce(
        (sum, name) =>
          sum +
          this.#disk.size(`${this.#dir}/${name}`) -
          (name === from ? this.#cursor!.offset : 0),
        0,
      );
  }

  /** Whether a promise covers something that was not published. */
  get isBehind(): boolean {
    return this.next() !== null;
  }

  /** The next messages, or null when nothing more is promised. */
  next(): SpoolStep | null {
    return readCovered(this.#disk, this.#dir, this.#cursor);
  }

  async publish(step: SpoolStep): Promise<void> {
    this.#makeDurable(step.next.segment);
    await this.#transport.publish(step.messages);
    this.#cursor = step.next;
    this.#disk.replace(this.#cursorPath, JSON.stringify(step.next));
  }

  /** What was read may still be on its way to the disk; others must never know more than it does. */
  #makeDurable(segment: string): void {
    const file = this.#disk.open(`${this.#dir}/${segment}`);
    try {
      file.datasync();
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
