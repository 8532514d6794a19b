import { expect, test } from '@jest/globals';
import { leafHash, utf8 } from '@showcause/core';
import type { Store } from '../../src/ports.ts';
import { at, change, evidence, leaf } from './store-changes.ts';

/** An adapter under test. */
export interface Stores {
  /** An empty store of its own. */
  create(): Promise<Store>;
  /** Another instance on the place of the store made last, as a stand-by or a restart opens it; the first one lives on. */
  reopen(): Promise<Store>;
}

/** What every adapter of the port has to do; called inside a `describe`. */
export function storeConformance(stores: Stores): void {
  test('an empty one', async () => {
    const store = await stores.create();
    expect(await store.head()).toStrictEqual({ size: 0, peaks: [] });
    expect(await store.leaves(0, 10)).toStrictEqual([]);
    expect(await store.leafAt(at(0))).toBeNull();
    expect(await store.indexOf(leafHash(utf8('x')))).toBeNull();
    expect(await store.epochs('loan-api')).toStrictEqual([]);
    expect(await store.promiseOf(at(0))).toBeNull();
    expect(await store.cursor('spool/x')).toBe(0);
    expect(await store.newestCheckpoint()).toBeNull();
    expect(await store.newestAnchor()).toBeNull();
    expect(await store.anchoredSizes()).toStrictEqual([]);
    await store.close();
    await store.close();
  });

  test('many rows of a change keep their order and their bytes', async () => {
    const store = await stores.create();
    const lease = await store.takeLease();
    const leaves = Array.from({ length: 64 + 8 + 8 + 3 }, (_, i) => leaf(i, i % 5 ? at(i) : null));
    const sealed = leaves
      .slice(0, 73)
      .map(({ index }) => ({ index, bytes: utf8(`sealed ${'x'.repeat(index)}`) }));
    await store.commit(change(lease, leaves, { sealed }));
    expect(await store.leaves(0, 100)).toStrictEqual(leaves);
    const found = await Promise.all(leaves.map(({ index }) => store.sealed(index)));
    expect(found).toStrictEqual(leaves.map((_, i) => sealed[i]?.bytes ?? null));
    await store.close();
    const again = await stores.reopen();
    expect(await again.leaves(0, 100)).toStrictEqual(leaves);
    await again.close();
  });

  test('a change is all there afterwards, byte for byte', async () => {
    const store = await stores.create();
    const lease = await store.takeLease();
    const epoch = 2 ** 50 + 1;
    const leaves = [leaf(0, null), leaf(1, at(0, epoch)), leaf(2, at(1, epoch)), leaf(3, null)];
    const hash = leaves[2]!.hash;
    const open = { producer: 'loan-api', epoch, seq: 1, leaf: hash, closedAt: null };
    const closed = { producer: 'loan-api', epoch: 3, seq: 9, leaf: null, closedAt: 12 };
    const promise = { producer: 'loan-api', epoch, firstSeq: 0, count: 2, bytes: utf8('promise') };
    const expected = change(lease, leaves, {
      sealed: [{ index: 2, bytes: new Uint8Array([0, 255, 7]) }],
      promises: [promise],
      epochs: [open, closed],
      cursors: new Map([['spool/a', 2 ** 40]]),
      quarantine: [
        {
          stream: 'spool/a',
          from: 5,
          to: 9,
          reason: 'MALFORMED',
          hash: leafHash(utf8('?')),
          bytes: utf8('?'),
        },
      ],
    });
    await store.commit(expected);
    expect(await store.head()).toStrictEqual(expected.head);
    expect(await store.leaves(0, 10)).toStrictEqual(leaves);
    expect(await store.leaves(1, 2)).toStrictEqual(leaves.slice(1, 3));
    expect(await store.leafAt(at(1, epoch))).toStrictEqual(leaves[2]);
    expect(await store.leafAt(at(2, epoch))).toBeNull();
    expect(await store.leafAt(at(1, epoch, 'other'))).toBeNull();
    const asked = [at(1, epoch), at(2, epoch), at(0, epoch), at(1, epoch, 'other'), at(1, epoch)];
    const { hash: first } = (await store.leafAt(at(0, epoch)))!;
    expect(await store.hashesAt(asked)).toStrictEqual([hash, null, first, null, hash]);
    expect(await store.hashesAt([])).toStrictEqual([]);
    expect(await store.indexOf(hash)).toBe(2);
    expect(await store.registrations()).toStrictEqual([leaves[3]]);
    expect(await store.epochs('loan-api')).toStrictEqual([closed, open]);
    expect(await store.promiseOf(at(1, epoch))).toStrictEqual(promise);
    expect(await store.promiseOf(at(2, epoch))).toBeNull();
    expect(await store.sealed(2)).toStrictEqual(new Uint8Array([0, 255, 7]));
    expect(await store.sealed(1)).toBeNull();
    expect(await store.cursor('spool/a')).toBe(2 ** 40);
    expect(await store.isQuarantined('spool/a', 5)).toBe(true);
    expect(await store.isQuarantined('spool/a', 6)).toBe(false);
    expect(await store.quarantineCounts()).toStrictEqual({ MALFORMED: 1 });
    expect(await store.quarantinedBytes()).toBe(1);
    await store.close();
  });

  test('a taken position refuses the whole change', async () => {
    const store = await stores.create();
    const lease = await store.takeLease();
    await store.commit(change(lease, [leaf(0, at(0))]));
    const twice = change(lease, [leaf(1, at(1)), leaf(2, at(0), 'other')], {
      cursors: new Map([['s', 4]]),
    });
    await expect(store.commit(twice)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect((await store.head()).size).toBe(1);
    expect(await store.leafAt(at(1))).toBeNull();
    expect(await store.cursor('s')).toBe(0);
    await store.close();
  });

  test('an old lease and a stale size write nothing', async () => {
    const store = await stores.create();
    const old = await store.takeLease();
    await store.commit(change(old, [leaf(0, null)]));
    const lease = await store.takeLease();
    expect(lease).toBeGreaterThan(old);
    const fenced = expect.objectContaining({ code: 'STORE_FENCED' });
    await expect(store.commit(change(old, [leaf(1, null)]))).rejects.toEqual(fenced);
    await expect(store.commit(change(lease, [leaf(0, null, 'again')]))).rejects.toEqual(fenced);
    await expect(
      store.addCheckpoint(old, { size: 1, root: leaf(0, null).hash, note: utf8('n') }),
    ).rejects.toEqual(fenced);
    await store.commit(change(lease, [leaf(1, null)]));
    expect((await store.head()).size).toBe(2);
    await store.close();
  });

  test('checkpoints only grow, never beyond the leaves; the same one may come again', async () => {
    const store = await stores.create();
    const lease = await store.takeLease();
    await store.commit(change(lease, [leaf(0, null), leaf(1, null)]));
    const one = { size: 1, root: leaf(0, null).hash, note: utf8('one') };
    const two = { size: 2, root: leaf(1, null).hash, note: utf8('two') };
    await store.addCheckpoint(lease, one);
    await store.addCheckpoint(lease, one);
    await store.addCheckpoint(lease, two);
    const fenced = expect.objectContaining({ code: 'STORE_FENCED' });
    await expect(store.addCheckpoint(lease, one)).rejects.toEqual(fenced);
    await expect(store.addCheckpoint(lease, { ...two, note: utf8('fork') })).rejects.toEqual(
      fenced,
    );
    await expect(store.addCheckpoint(lease, { ...two, size: 3 })).rejects.toEqual(fenced);
    expect(await store.newestCheckpoint()).toStrictEqual(two);
    expect(await store.checkpointOf(1)).toStrictEqual(one);
    expect(await store.checkpointOf(3)).toBeNull();
    await store.close();
  });

  test('the same anchor may come twice', async () => {
    const store = await stores.create();
    await store.addAnchor(evidence);
    await store.addAnchor(evidence);
    await store.addAnchor({ ...evidence, size: 1 });
    expect(await store.newestAnchor()).toStrictEqual(evidence);
    expect(await store.anchoredSizes()).toStrictEqual([1, 2]);
    await store.close();
  });

  test('the later state of an epoch and a cursor holds; a promise and a quarantined item stay as they first were', async () => {
    const store = await stores.create();
    const lease = await store.takeLease();
    const epoch = { producer: 'loan-api', epoch: 1, seq: 0, leaf: null, closedAt: null };
    const promise = { producer: 'loan-api', epoch: 1, firstSeq: 0, count: 9, bytes: utf8('b') };
    const quarantined = {
      stream: 's',
      from: 1,
      to: 2,
      reason: 'KEY' as const,
      hash: leafHash(utf8('raw')),
      bytes: utf8('raw'),
    };
    await store.commit(
      change(lease, [leaf(0, null)], {
        epochs: [epoch, { ...epoch, seq: 1 }],
        promises: [promise, promise, { ...promise, bytes: utf8('a') }],
        cursors: new Map([['s', 3]]),
        quarantine: [quarantined],
      }),
    );
    expect(await store.epochs('loan-api')).toStrictEqual([{ ...epoch, seq: 1 }]);
    const closed = { ...epoch, seq: 5, leaf: leaf(0, null).hash, closedAt: 9 };
    await store.commit(
      change(lease, [leaf(1, null)], {
        epochs: [closed],
        promises: [promise, { ...promise, firstSeq: 4, count: 2, bytes: utf8('c') }],
        cursors: new Map([['s', 8]]),
        quarantine: [{ ...quarantined, reason: 'TYPE', bytes: utf8('other') }],
      }),
    );
    expect(await store.epochs('loan-api')).toStrictEqual([closed]);
    expect(await store.cursor('s')).toBe(8);
    expect(await store.quarantineCounts()).toStrictEqual({ KEY: 1 });
    expect(await store.quarantinedBytes()).toBe(3);
    expect(await store.promiseOf(at(3, 1))).toStrictEqual({ ...promise, bytes: utf8('a') });
    expect(await store.promiseOf(at(5, 1))).toMatchObject({ firstSeq: 4 });
    await store.close();
  });

  test('a change may append nothing', async () => {
    const store = await stores.create();
    const lease = await store.takeLease();
    await store.commit(change(lease, [], { cursors: new Map([['s', 1]]) }));
    expect(await store.cursor('s')).toBe(1);
    expect((await store.head()).size).toBe(0);
    await store.close();
  });

  test('bytes of every value, long ones, and names in any script come back as they were', async () => {
    const store = await stores.create();
    const lease = await store.takeLease();
    const every = Uint8Array.from({ length: 65_535 }, (_, i) => i);
    const odd = { ...leaf(0, null), entry: every, hash: leafHash(every) };
    const name = 'spool/é{"\\},NULL/日本';
    const payload = Uint8Array.from({ length: 512 * 1024 }, (_, i) => i * 31);
    await store.commit(
      change(lease, [odd, leaf(1, at(0, 1, name))], {
        sealed: [
          { index: 0, bytes: payload },
          { index: 1, bytes: new Uint8Array(0) },
        ],
        cursors: new Map([[name, 5]]),
      }),
    );
    expect(await store.leaves(0, 1)).toStrictEqual([odd]);
    expect(await store.indexOf(odd.hash)).toBe(0);
    expect((await store.leafAt(at(0, 1, name)))?.index).toBe(1);
    expect(await store.sealed(0)).toStrictEqual(payload);
    expect(await store.sealed(1)).toStrictEqual(new Uint8Array(0));
    expect(await store.cursor(name)).toBe(5);
    await store.close();
  });

  test('a thousand leaves are one change', async () => {
    const store = await stores.create();
    const lease = await store.takeLease();
    const leaves = Array.from({ length: 1_000 }, (_, i) => leaf(i, i === 0 ? null : at(i)));
    await store.commit(change(lease, leaves));
    expect(await store.leaves(0, 2_000)).toStrictEqual(leaves);
    expect(await store.leaves(997, 10)).toStrictEqual(leaves.slice(997));
    expect(await store.indexOf(leaves[700]!.hash)).toBe(700);
    await store.close();
  });

  test('the first of two equal entries is the one that is found', async () => {
    const store = await stores.create();
    const lease = await store.takeLease();
    await store.commit(change(lease, [leaf(0, at(0), 'same'), leaf(1, at(1), 'same')]));
    expect(await store.indexOf(leafHash(utf8('same')))).toBe(0);
    await store.close();
  });

  test('reads beside a commit see all of it or nothing', async () => {
    const store = await stores.create();
    const lease = await store.takeLease();
    for (let size = 0; size < 20; size += 2) {
      const committed = store.commit(change(lease, [leaf(size, at(size)), leaf(size + 1, null)]));
      const seen = await Promise.all(Array.from({ length: 4 }, () => store.leaves(0, 100)));
      for (const leaves of seen) expect([size, size + 2]).toContain(leaves.length);
      await committed;
    }
    await store.close();
  });

  test('what was committed is there for the next instance, which fences the one before it', async () => {
    const zombie = await stores.create();
    const old = await zombie.takeLease();
    const leaves = [leaf(0, null), leaf(1, at(0))];
    await zombie.commit(change(old, leaves, { cursors: new Map([['s', 9]]) }));
    await zombie.addCheckpoint(old, { size: 1, root: leaves[0]!.hash, note: utf8('one') });
    const next = await stores.reopen();
    expect(await next.leaves(0, 9)).toStrictEqual(leaves);
    expect(await next.cursor('s')).toBe(9);
    expect(await next.newestCheckpoint()).toMatchObject({ size: 1, note: utf8('one') });
    const lease = await next.takeLease();
    expect(lease).toBeGreaterThan(old);
    const fenced = expect.objectContaining({ code: 'STORE_FENCED' });
    await expect(zombie.commit(change(old, [leaf(2, null)]))).rejects.toEqual(fenced);
    const two = { size: 2, root: leaves[1]!.hash, note: utf8('two') };
    await expect(zombie.addCheckpoint(old, two)).rejects.toEqual(fenced);
    await next.commit(change(lease, [leaf(2, at(1))]));
    // Also where it knows the size.
    await expect(zombie.commit(change(old, [leaf(3, null)]))).rejects.toEqual(fenced);
    await zombie.close();
    expect((await next.head()).size).toBe(3);
    await next.close();
  });
}
