import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** Lines that are on the disk when `add` resolves; what comes while a sync runs shares the next one. */
export class ReceiptFile {
  readonly #file: FileHandle;
  #waiting: string[] = [];
  #next: Promise<void> | null = null;
  #running: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<ReceiptFile> {
    return new ReceiptFile(await open(path, 'a'));
  }

  add(line: string): Promise<void> {
    this.#waiting.push(`${line}\n`);
    this.#next ??= this.#running = this.#running.then(() => this.#write());
    return this.#next;
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#file.close();
  }

  async #write(): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = [];
    this.#next = null;
    await this.#file.appendFile(lines.join(''));
    await this.#file.datasync();
  }
}
