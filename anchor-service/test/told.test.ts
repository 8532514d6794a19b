import { describe, expect, test } from '@jest/globals';
import { leafHash, utf8 } from '@showcause/core';
import type { MemoryDisk } from '../src/adapters/store-memory.ts';
import type { QuarantineRow, SourceItem } from '../src/ports.ts';
import { UnplacedItems } from '../src/quarantine.ts';
import { TestProducer, itemsOf } from '../src/testing.ts';
import { noteTold, nothingTold } from '../src/told.ts';
import type { Told, ToldItems } from '../src/told.ts';
import { beginSequencing, ownEntries, startSequencer } from './support/sequencing.ts';

function junk(at: number, stream = 'kafka/t/0'): SourceItem {
  return {
    stream,
    from: at,
    to: at + 1,
    kind: 'message',
    bytes: utf8(`junk ${at}`),
    promise: null,
    producer: null,
    epoch: null,
    seq: null,
  };
}

function rowOf({ stream, from, to, bytes }: SourceItem): QuarantineRow {
  return { stream, from, to, reason: 'MALFORMED', hash: leafHash(bytes), bytes };
}

/** What one `opaque` entry says of these items. */
function toldOf(positions: readonly number[]): ToldItems {
  const items = new UnplacedItems(0);
  for (const at of positions)
    items.add(
      junk(at),
      () => rowOf(junk(at)),
      () => undefined,
    );
  const { source, from, to, count, root } = items.take(0).entries[0]!;
  return { source, from: Number(from), to: Number(to), count, root };
}

/** Adds items that come again. @returns positions that were settled */
function add(items: UnplacedItems, positions: readonly number[]): number[] {
  const settled: number[] = [];
  for (const at of positions)
    items.add(
      junk(at),
      () => rowOf(junk(at)),
      () => void settled.push(at),
    );
  return settled;
}

describe('items that an entry of the log tells of', () => {
  test('get their rows back, and no second entry, however they come', () => {
    const items = new UnplacedItems(1_000, [toldOf([2, 5, 9]), toldOf([20])]);
    const settled = add(items, [5, 2]);
    expect(items.isDue(0)).toBe(false);
    expect(items.take(0)).toStrictEqual({ rows: [], entries: [] });
    expect(settled).toStrictEqual([]);
    const rest = add(items, [9, 20]);
    expect(items.isDue(5_000)).toBe(true);
    const { rows, entries } = items.take(5_000);
    expect(rows.map(({ from }) => from)).toStrictEqual([5, 2, 9, 20]);
    expect(entries).toStrictEqual([]);
    expect([...settled, ...rest].sort((a, b) => a - b)).toStrictEqual([2, 5, 9, 20]);
  });

  test('others at the same place are told of, as is one between them', () => {
    const items = new UnplacedItems(0, [toldOf([2, 5, 9])]);
    add(items, [2, 5, 7]);
    expect(items.take(0).entries).toMatchObject([{ from: '2', to: '8', count: 3 }]);
    add(items, [9]);
    expect(items.take(0).entries).toMatchObject([{ from: '9', count: 1 }]);
  });

  test('whose rest does not come are told of after a while, and at the end', () => {
    for (const isLast of [false, true]) {
      const items = new UnplacedItems(0, [toldOf([2, 5, 9])]);
      const settled = add(items, [2, 5]);
      expect(items.isDue(0)).toBe(false);
      expect(items.isDue(31_000)).toBe(true);
      const { rows, entries } = items.take(isLast ? 0 : 31_000, isLast);
      expect(rows).toHaveLength(2);
      expect(entries).toMatchObject([{ from: '2', to: '6', count: 2 }]);
      expect(settled).toStrictEqual([2, 5]);
    }
  });
});

describe('a store that was brought up to its published log', () => {
  /** Rows and positions are what the published log does not hold. */
  function forget(disk: MemoryDisk): void {
    disk.quarantine.clear();
    disk.cursors.clear();
  }
  function toldBy(disk: MemoryDisk): Told {
    const told = nothingTold();
    for (const entry of ownEntries(disk)) noteTold(told, entry);
    return told;
  }
  const kinds = (disk: MemoryDisk): string[] =>
    ownEntries(disk)
      .map(({ type }) => type)
      .filter((type) => type === 'opaque' || type === 'equivocation');

  test.each([true, false])('writes nothing twice, where it is told: %s', async (isTold) => {
    const { log, disk, sequencer, producer } = await beginSequencing({ opaqueIntervalMs: 0 });
    const liar = new TestProducer('loan-api', log.logId, 1, producer.key);
    const items = [
      ...itemsOf(producer.batch(2), producer, 'spool/a', 0),
      ...itemsOf(liar.batch(2), liar, 'spool/b', 0),
      ...[3, 4].map((at) => junk(at)),
    ];
    await sequencer.process(items);
    const rows = [...disk.quarantine.keys()].sort();
    expect(kinds(disk)).toStrictEqual(['equivocation', 'equivocation', 'opaque']);
    expect(rows).toHaveLength(4);
    forget(disk);
    const again = await startSequencer(log, disk, {
      opaqueIntervalMs: 0,
      ...(isTold ? { told: toldBy(disk) } : {}),
    });
    await again.process(items);
    expect([...disk.quarantine.keys()].sort()).toStrictEqual(rows);
    expect(kinds(disk)).toHaveLength(isTold ? 3 : 6);
  });
});
