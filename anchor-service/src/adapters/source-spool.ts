import { fdatasyncSync, readdirSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { sha256, toHex, utf8, workerOfFolder } from '@showcause/core';
import { isMissing } from '@showcause/core/node';
import { ServiceError } from '../errors.ts';
import { pause } from '../pause.ts';
import type { Logger, ReadLimits, Source, SourceItem } from '../ports.ts';
import { readSegment } from './spool-segment.ts';
import type { Circumstances, Segment } from './spool-segment.ts';

export interface SpoolSourceOptions {
  /** folders that producers write */
  folders: readonly string[];
  logger: Logger;
  /** milliseconds; never the wall clock, which may be set back */
  clock?: () => number;
  pollMs?: number;
  /** for how long the end of the newest segment may be unreadable before it counts as damage */
  graceMs?: number;
  /** makes what was written to an open file durable */
  datasync?: (fd: number) => void;
}

const DEFAULT_POLL_MS = 20;
const DEFAULT_GRACE_MS = 2_000;
/** Folders are listed this often; segments that are open are looked at in each poll. */
const LIST_EVERY_MS = 200;
/** Who wrote so lately may have begun another segment: then folders are listed in each poll that finds nothing. */
const BUSY_MS = 1000;
const SEGMENT_NAME = /^[a-z0-9~-]{1,64}-[0-9]{16}-[0-9]{16}\.spool$/;

/**
 * The embedded transport: reads the spool folders of producers on this machine. Bytes are synced before they are handed
 * out, so that the log never knows more than the disk. Records that damage made unreadable are handed out as broken, and
 * reading goes on at the next whole record. Nothing that lies in one folder keeps the others from being read.
 */
export function spoolSource(options: SpoolSourceOptions): Source {
  const segments = new Map<string, Segment>();
  const clock = options.clock ?? (() => performance.now());
  let cursorOf: (stream: string) => Promise<number> = () => Promise.resolve(0);
  let listedAt = -Infinity;
  let readAt = -Infinity;
  const failing = new Set<string>();

  /** @throws {ServiceError} `SOURCE_SPOOL` when no folder can be read */
  function names(): { folder: string; name: string }[] {
    const found: { folder: string; name: string }[] = [];
    let failed: ServiceError | null = null;
    let read = 0;
    for (const folder of options.folders) {
      const listed = attempted(folder, () => entriesOf(folder));
      if (listed instanceof ServiceError) failed = listed;
      else {
        read++;
        for (const entry of listed) found.push(...filesAt(folder, entry));
      }
    }
    if (failed !== null && read === 0) throw failed;
    return found;
  }

  /** Of a folder that several workers share, those in the folders of each too: they come and go. */
  function filesAt(folder: string, entry: Dirent): { folder: string; name: string }[] {
    const { name } = entry;
    if (workerOfFolder(name) === null) return [{ folder, name }];
    const own = join(folder, name);
    const listed = attempted(own, () => {
      // A link would lead to wherever whoever may write here likes.
      if (!entry.isDirectory())
        throw new ServiceError('SOURCE_SPOOL', { got: own, want: 'a folder of a worker' });
      return entriesOf(own);
    });
    if (listed instanceof ServiceError) return [];
    return listed.map((file) => ({ folder: own, name: file.name }));
  }

  /** Said once for each folder, until it can be read again. */
  function attempted(folder: string, look: () => Dirent[]): Dirent[] | ServiceError {
    try {
      const listed = look();
      failing.delete(folder);
      return listed;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (!failing.has(folder)) options.logger.error({ code: error.code }, error.message);
      failing.add(folder);
      return error;
    }
  }

  /** Its segments are only not seen now, and keep their positions. */
  function isHidden(path: string): boolean {
    return failing.has(dirname(path)) || failing.has(dirname(dirname(path)));
  }

  async function list(everyMs: number): Promise<void> {
    if (clock() - listedAt < everyMs && segments.size > 0) return;
    listedAt = clock();
    const found = new Set<string>();
    for (const { folder, name } of names()) {
      if (!SEGMENT_NAME.test(name)) continue;
      const path = join(folder, name);
      found.add(path);
      if (segments.has(path)) continue;
      const stream = `spool/${folderId(folder)}/${name}`;
      const at = await cursorOf(stream);
      const producerKey = `${folder}/${name.slice(0, -40)}`;
      segments.set(path, {
        stream,
        name,
        path,
        producerKey,
        header: null,
        at,
        isDone: false,
        synced: null,
        mistrustedWith: null,
        stuckSince: null,
        isFailing: false,
      });
    }
    for (const path of segments.keys())
      if (!found.has(path) && !isHidden(path)) segments.delete(path);
  }

  function collect(limits: ReadLimits): SourceItem[] {
    const items: SourceItem[] = [];
    let left = limits.maxBytes;
    const ordered = [...segments.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const newest = new Map<string, Segment>();
    for (const segment of ordered) newest.set(segment.producerKey, segment);
    const blocked = new Set<string>();
    for (const segment of ordered) {
      if (items.length >= limits.maxItems || left <= 0) break;
      if (segment.isDone || blocked.has(segment.producerKey)) continue;
      const last = newest.get(segment.producerKey)!;
      const read = attempt(segment, limits.maxItems - items.length, left, {
        isNewest: last === segment,
        newest: last.name,
        datasync: options.datasync ?? fdatasyncSync,
        now: clock(),
        graceMs: options.graceMs ?? DEFAULT_GRACE_MS,
      });
      if (read.some(({ kind }) => kind === 'broken'))
        options.logger.error(
          { segment: segment.name, at: segment.at },
          'unreadable bytes in a spool segment',
        );
      items.push(...read);
      for (const item of read) left -= item.to - item.from;
      // Later segments wait until this one is read to its end: order is the producer's.
      if (!segment.isDone) blocked.add(segment.producerKey);
    }
    return items;
  }

  /** A segment that cannot be read now is tried again, and holds up none but its own producer. */
  function attempt(
    segment: Segment,
    maxItems: number,
    maxBytes: number,
    circumstances: Circumstances,
  ): SourceItem[] {
    try {
      const read = readSegment(segment, maxItems, maxBytes, circumstances);
      segment.isFailing = false;
      return read;
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (!segment.isFailing)
        options.logger.error({ segment: segment.name, code }, 'a spool segment cannot be read');
      segment.isFailing = true;
      return [];
    }
  }

  return {
    open(cursor) {
      cursorOf = cursor;
      return Promise.resolve();
    },
    async read(limits, signal) {
      const deadline = clock() + limits.waitMs;
      for (let everyMs = LIST_EVERY_MS; ;) {
        await list(everyMs);
        const items = collect(limits);
        if (items.length > 0) readAt = clock();
        if (items.length > 0 || signal.aborted || clock() >= deadline) return items;
        await pause(options.pollMs ?? DEFAULT_POLL_MS, signal);
        everyMs = clock() - readAt < BUSY_MS ? 0 : LIST_EVERY_MS;
      }
    },
    health: () => ({ state: 'whole', code: null, findings: [] }),
    close: () => Promise.resolve(),
  };
}

function folderId(folder: string): string {
  return toHex(sha256(utf8(resolve(folder)))).slice(0, 16);
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    // A producer that has not started yet has no folder.
    if (isMissing(cause)) return [];
    throw new ServiceError('SOURCE_SPOOL', { got: folder, cause });
  }
}
