import { describe, expect, test } from '@jest/globals';
import {
  decodeEntryBundle,
  encodeEntryBundle,
  leafHash,
  merkleRoot,
  toBase64,
} from '@showcause/core';
import fc from 'fast-check';
import { checkStored, repairRefusal, repairStored } from '../src/index.ts';
import type { FsckFinding, FsckReport, FsckResult, NameKind } from '../src/index.ts';
import {
  addAnchor,
  policy,
  publishedFiles,
  signedCheckpoint,
  someEntries,
  storedLog,
} from './support/stored-log.ts';
import type { Files } from './support/stored-log.ts';

const SIZES = [2, 57, 255, 256, 300, 520];
const entries = someEntries(70_000);
const sound = publishedFiles(entries, SIZES);

function copy(files: Files = sound): Files {
  return new Map(files);
}

function edited(path: string, edit: (bytes: Uint8Array) => Uint8Array, files = copy()): Files {
  const bytes = files.get(path);
  if (bytes === undefined) throw new Error(`no ${path}`);
  return files.set(path, edit(bytes.slice()));
}

function flip(at: number, bit = 1): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    const index = at < 0 ? bytes.length + at : at;
    bytes[index] = bytes[index]! ^ bit;
    return bytes;
  };
}

const truncated = (bytes: Uint8Array): Uint8Array => bytes.slice(0, -1);
const extended = (bytes: Uint8Array): Uint8Array => new Uint8Array([...bytes, 0]);

function check(files: Files, kinds?: ReadonlyMap<string, NameKind>): Promise<FsckResult> {
  return checkStored(storedLog(files, kinds), { policy });
}

function damage({ findings }: FsckReport): Pick<FsckFinding, 'path' | 'code' | 'data'>[] {
  return findings
    .filter(({ state }) => state === 'damage')
    .map(({ path, code, data }) => ({ path, code, data }));
}

/** Repairs in memory. @returns the report afterwards */
async function repaired(files: Files): Promise<FsckReport> {
  const result = await check(files);
  for await (const { done } of repairStored(result, (path, bytes) => {
    files.set(path, bytes);
    return Promise.resolve();
  }))
    expect(done).toBe(true);
  return (await check(files)).report;
}

describe('a sound log', () => {
  test('has no findings, and everything is counted', async () => {
    const { report } = await check(sound);
    expect(report).toMatchObject({
      verdict: 'sound',
      confirmed: true,
      findings: [],
      counted: { entries: 520, bundles: 3, hashTiles: 4, anchors: 6 },
    });
    // Widths 2, 57 and 255 below a full tile, 44 below a full one; level 1 of width 1.
    expect(report.counted.supersededTiles).toBe(8);
    expect(report.counted.olderTiles).toBe(1);
  });

  test.each([0, 1, 255, 256, 257, 65_536, 66_000])('of %i entries is sound', async (size) => {
    const { report } = await check(
      publishedFiles(entries.slice(0, size), size === 0 ? [] : [size]),
    );
    expect(report).toMatchObject({ verdict: 'sound', findings: [], counted: { entries: size } });
  });

  test('may have let go of partial tiles that full ones stand in for', async () => {
    const files = copy();
    for (const path of files.keys())
      if (path.includes('/000.p/') && !path.includes('/1/')) files.delete(path);
    expect((await check(files)).report).toMatchObject({ verdict: 'sound', findings: [] });
  });

  test('without the partial tile of its size is read through the full one', async () => {
    const files = publishedFiles(entries.slice(0, 256), [250, 256]);
    files.set(
      'checkpoint',
      signedCheckpoint(250, merkleRoot(entries.slice(0, 250).map((e) => leafHash(e)))),
    );
    files.delete('tile/0/000.p/250');
    files.delete('tile/entries/000.p/250');
    const { report } = await check(files);
    expect(report).toMatchObject({ verdict: 'sound', confirmed: true });
    expect(report.findings.map(({ path, state }) => ({ path, state }))).toStrictEqual([
      { path: 'tile/0/000', state: 'warning' },
      { path: 'tile/1/000.p/1', state: 'warning' },
      { path: 'tile/entries/000', state: 'warning' },
    ]);
  });
});

describe('derived data', () => {
  const hashTile = { code: 'FSCK_BYTES', data: 'derived' };
  const cases: [string, string, Files, { code: string; data: string }][] = [
    ['a flipped bit in a full hash tile', 'tile/0/001', edited('tile/0/001', flip(700)), hashTile],
    ['one in a partial hash tile', 'tile/0/002.p/8', edited('tile/0/002.p/8', flip(-1)), hashTile],
    ['one in an upper tile', 'tile/1/000.p/2', edited('tile/1/000.p/2', flip(0)), hashTile],
    [
      'a truncated tile',
      'tile/0/000',
      edited('tile/0/000', truncated),
      { code: 'FSCK_LENGTH', data: 'derived' },
    ],
    [
      'trailing bytes',
      'tile/0/000',
      edited('tile/0/000', extended),
      { code: 'FSCK_LENGTH', data: 'derived' },
    ],
    [
      'an upper one with trailing bytes',
      'tile/1/000.p/2',
      edited('tile/1/000.p/2', extended),
      { code: 'FSCK_LENGTH', data: 'derived' },
    ],
    [
      'an empty tile',
      'tile/0/001',
      copy().set('tile/0/001', new Uint8Array(0)),
      { code: 'FSCK_LENGTH', data: 'derived' },
    ],
    [
      'a stale partial hash tile',
      'tile/0/000.p/57',
      edited('tile/0/000.p/57', flip(100)),
      { code: 'FSCK_STALE', data: 'derived' },
    ],
    [
      'a stale upper one',
      'tile/1/000.p/1',
      edited('tile/1/000.p/1', flip(9)),
      { code: 'FSCK_STALE', data: 'derived' },
    ],
    [
      'a stale partial bundle',
      'tile/entries/000.p/57',
      edited('tile/entries/000.p/57', flip(-1)),
      { code: 'FSCK_STALE', data: 'derived' },
    ],
    [
      'a truncated stale one',
      'tile/0/000.p/2',
      edited('tile/0/000.p/2', truncated),
      { code: 'FSCK_LENGTH', data: 'derived' },
    ],
    [
      'a stale bundle with trailing bytes',
      'tile/entries/001.p/44',
      edited('tile/entries/001.p/44', extended),
      { code: 'FSCK_LENGTH', data: 'derived' },
    ],
  ];
  for (const path of ['tile/0/000', 'tile/0/002.p/8', 'tile/1/000.p/2']) {
    const files = copy();
    files.delete(path);
    cases.push(['a missing tile', path, files, { code: 'FSCK_MISSING', data: 'derived' }]);
  }

  test.each(cases)('%s is found and made again: %s', async (_name, path, files, want) => {
    const { report } = await check(files);
    expect(report).toMatchObject({ verdict: 'damaged', confirmed: true });
    expect(damage(report)).toStrictEqual([{ path, ...want }]);
    expect(await repaired(files)).toMatchObject({ verdict: 'sound', findings: [] });
    expect(files).toStrictEqual(sound);
  });

  test('gzip data in place of a tile is called what it is', async () => {
    const files = copy().set('tile/0/000', new Uint8Array([0x1f, 0x8b, 8, 0, 0]));
    const { report } = await check(files);
    expect(report.findings).toMatchObject([{ path: 'tile/0/000', got: 'gzip data of 5 bytes' }]);
  });
});

describe('primary data', () => {
  test.each([
    ['in a full bundle', 'tile/entries/001', 100, 'another entry 257'],
    ['in the first bundle', 'tile/entries/000', 2, 'another entry 0'],
    ['in the last bundle', 'tile/entries/002.p/8', -1, 'another entry 519'],
  ])(
    'a flipped bit %s is found by path and entry, and nothing is repaired',
    async (_name, path, at, got) => {
      const files = edited(path, flip(at));
      const result = await check(files);
      expect(result.report.confirmed).toBe(false);
      const [found, ...others] = result.report.findings.filter(
        ({ path: at }) => !at.includes('.p/') || at === path,
      );
      expect(found).toMatchObject({
        path,
        code: 'FSCK_ENTRIES',
        data: 'primary',
        repairable: false,
        got,
      });
      expect(others).toStrictEqual([]);
      expect(repairRefusal(result)).not.toBeNull();
      await expect(repairStored(result, () => Promise.resolve()).next()).rejects.toThrow(
        RangeError,
      );
    },
  );

  test('with its hash tile damaged too, both are named', async () => {
    const files = edited('tile/0/001', flip(3), edited('tile/entries/001', flip(100)));
    const { report } = await check(files);
    expect(damage(report)).toStrictEqual([
      { path: 'tile/0/001', code: 'FSCK_BYTES', data: 'derived' },
      { path: 'tile/entries/001', code: 'FSCK_ROOT', data: 'primary' },
    ]);
  });

  test('a damaged entry and a damaged upper tile are told apart', async () => {
    const large = publishedFiles(entries, [70_000]);
    const files = edited('tile/1/001.p/17', flip(0), edited('tile/entries/007', flip(9), large));
    const { report } = await check(files);
    expect(damage(report)).toStrictEqual([
      { path: 'tile/1/001.p/17', code: 'FSCK_BYTES', data: 'derived' },
      { path: 'tile/entries/007', code: 'FSCK_ENTRIES', data: 'primary' },
    ]);
  });

  test.each([
    ['truncated', truncated],
    ['with trailing bytes', extended],
    ['empty', (): Uint8Array => new Uint8Array(0)],
  ])('a bundle %s is found, and the rest is confirmed without it', async (_name, edit) => {
    const { report } = await check(edited('tile/entries/001', edit));
    expect(report.confirmed).toBe(true);
    expect(damage(report)).toStrictEqual([
      { path: 'tile/entries/001', code: 'FSCK_LENGTH', data: 'primary' },
    ]);
    expect(report.findings[0]?.repairable).toBe(false);
  });

  test('a missing bundle is found and not repaired', async () => {
    const files = copy();
    files.delete('tile/entries/000');
    files.delete('tile/entries/002.p/8');
    const before = copy(files);
    expect(damage(await repaired(files))).toStrictEqual([
      { path: 'tile/entries/000', code: 'FSCK_MISSING', data: 'primary' },
      { path: 'tile/entries/002.p/8', code: 'FSCK_MISSING', data: 'primary' },
    ]);
    expect(files).toStrictEqual(before);
  });

  test('an entry exchanged for another of the same length is found', async () => {
    const swapped = edited('tile/entries/000', (bytes) => {
      const list = decodeEntryBundle(bytes, 256);
      list[5] = list[5]!.map((byte) => byte ^ 0xff);
      return encodeEntryBundle(list);
    });
    expect((await check(swapped)).report.findings[0]).toMatchObject({
      path: 'tile/entries/000',
      code: 'FSCK_ENTRIES',
      got: 'another entry 5',
    });
  });

  test.each([
    ['a flipped bit in the text', edited('checkpoint', flip(20))],
    ['a flipped bit in the signature', edited('checkpoint', flip(-20))],
    ['a truncated one', edited('checkpoint', truncated)],
    ['trailing bytes', edited('checkpoint', extended)],
  ])('checkpoint: %s', async (_name, files) => {
    const { report } = await check(files);
    expect(damage(report)).toStrictEqual([
      { path: 'checkpoint', code: 'FSCK_CHECKPOINT', data: 'primary' },
    ]);
  });

  test('a missing checkpoint is damage where there are tiles, and no log where there are none', async () => {
    const files = copy();
    files.delete('checkpoint');
    expect(damage((await check(files)).report)).toMatchObject([
      { path: 'checkpoint', code: 'FSCK_MISSING' },
    ]);
    await expect(check(new Map())).rejects.toMatchObject({ code: 'LOG_FETCH' });
  });

  test('a checkpoint signed over another root is named, as neither entries nor tiles give it', async () => {
    const files = copy().set('checkpoint', signedCheckpoint(520, new Uint8Array(32).fill(7)));
    const result = await check(files);
    expect(damage(result.report)).toStrictEqual([
      { path: 'checkpoint', code: 'FSCK_ROOT', data: 'primary' },
    ]);
    expect(repairRefusal(result)).not.toBeNull();
  });

  test('a size that the log signed and never held is not looked for to its end', async () => {
    const files = copy().set('checkpoint', signedCheckpoint(2 ** 52, new Uint8Array(32)));
    const { report } = await check(files);
    expect(report).toMatchObject({ verdict: 'damaged', confirmed: false });
    expect(report.findings.find(({ path }) => path === 'checkpoint')?.code).toBe('FSCK_ROOT');
  });
});

describe('anchors and the record of the last head', () => {
  const latest = 'anchors/latest.json';
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
  const rewritten =
    (edit: (text: string) => string) =>
    (bytes: Uint8Array): Uint8Array =>
      new Uint8Array(Buffer.from(edit(text(bytes))));
  const hash = rewritten((json) => json.replace('cdcd', 'cdce'));

  test.each([
    ['no JSON', 'anchors/57.json', edited('anchors/57.json', flip(0))],
    [
      'another size than its name',
      'anchors/57.json',
      copy().set('anchors/57.json', sound.get('anchors/255.json')!),
    ],
    [
      'another root',
      'anchors/57.json',
      edited(
        'anchors/57.json',
        rewritten((json) => json.replace(/"root": "../, '"root": "zz')),
      ),
    ],
    [
      'a contract that the policy does not name',
      'anchors/57.json',
      edited(
        'anchors/57.json',
        rewritten((json) => json.replace('abab', 'abac')),
      ),
    ],
    [
      'a checkpoint that nobody signed',
      'anchors/57.json',
      edited(
        'anchors/57.json',
        rewritten((json) => json.replace(/"checkpoint": "..../, '"checkpoint": "AAAA')),
      ),
    ],
    ['two versions of the newest', latest, edited(latest, hash)],
  ])('%s', async (_name, path, files) => {
    expect(damage((await check(files)).report)).toStrictEqual([
      { path, code: 'FSCK_ANCHOR', data: 'primary' },
    ]);
  });

  test('a head that the log signed and that is not of this tree', async () => {
    const files = copy();
    addAnchor(files, 100, new Uint8Array(32).fill(1));
    const { report } = await check(files);
    expect(damage(report).map(({ path }) => path)).toStrictEqual(['anchors/100.json', latest]);
  });

  test('an anchor that the checkpoint does not reach: the log was put back', async () => {
    const files = copy();
    const root = merkleRoot(entries.slice(0, 300).map((entry) => leafHash(entry)));
    files.set(
      'checkpoint',
      signedCheckpoint(256, merkleRoot(entries.slice(0, 256).map((e) => leafHash(e)))),
    );
    addAnchor(files, 300, root);
    expect(damage((await check(files)).report)).toContainEqual({
      path: 'anchors/300.json',
      code: 'FSCK_ANCHOR',
      data: 'primary',
    });
  });

  const mark = (size: number, note: Uint8Array): Uint8Array =>
    new Uint8Array(Buffer.from(`${JSON.stringify({ v: 1, size, note: toBase64(note) })}\n`));
  const root520 = merkleRoot(entries.slice(0, 520).map((entry) => leafHash(entry)));

  test('signed.json of this head is right; one of another is not', async () => {
    const right = mark(520, signedCheckpoint(520, root520));
    expect((await check(copy().set('signed.json', right))).report.verdict).toBe('sound');
    for (const wrong of [
      mark(519, signedCheckpoint(520, root520)),
      mark(520, signedCheckpoint(520, new Uint8Array(32))),
      flip(5)(right.slice()),
      truncated(right.slice(0, -9)),
    ])
      expect(damage((await check(copy().set('signed.json', wrong))).report)).toStrictEqual([
        { path: 'signed.json', code: 'FSCK_MARK', data: 'primary' },
      ]);
  });
});

describe('what could not be read', () => {
  const unread = (...paths: string[]): Promise<FsckResult> => {
    const log = storedLog(copy());
    return checkStored(
      {
        ...log,
        read: (path, most) =>
          paths.includes(path)
            ? Promise.resolve({ state: 'unread', got: 'EIO' })
            : log.read(path, most),
      },
      { policy },
    );
  };

  test('is neither sound nor damaged, and the rest is confirmed', async () => {
    const paths = ['anchors/57.json', 'tile/0/000.p/57', 'tile/0/001', 'tile/entries/000'];
    const { report } = await unread(...paths);
    expect(report).toMatchObject({ verdict: 'could-not-check', confirmed: true, substituted: 1 });
    expect(report.findings.map(({ path, state, got }) => [path, state, got])).toStrictEqual(
      paths.map((path) => [path, 'unchecked', 'EIO']),
    );
  });

  test('damage beats it', async () => {
    const log = storedLog(copy().set('stray', new Uint8Array(1)));
    const { report } = await checkStored(
      {
        ...log,
        read: (path, most) =>
          path === 'tile/0/001'
            ? Promise.resolve({ state: 'unread', got: 'EIO' })
            : log.read(path, most),
      },
      { policy },
    );
    expect(report.verdict).toBe('damaged');
  });
});

describe('names', () => {
  test.each([
    'index.html',
    'tile/0/0',
    'tile/0/00',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/07',
    'tile/0/x000/000',
    'tile/entries/000.p/57.bak',
    'tile/entries/1000',
    'tile/9/000',
    'tile/entries/x999/x999/x999/x999/x999/999',
    'anchors/01.json',
    'anchors/57.json.orig',
    'Checkpoint',
    '.env',
  ])('%s does not belong', async (path) => {
    const { report } = await check(copy().set(path, new Uint8Array(3)));
    expect(damage(report)).toStrictEqual([{ path, code: 'FSCK_FOREIGN', data: 'foreign' }]);
  });

  test('a folder that does not belong is named, not what is in it', async () => {
    const { report } = await check(copy().set('backup/tile/0/000', new Uint8Array(3)));
    expect(damage(report)).toStrictEqual([
      { path: 'backup', code: 'FSCK_FOREIGN', data: 'foreign' },
    ]);
  });

  test.each(['link', 'pipe', 'socket', 'device'] as const)('a %s', async (kind) => {
    const files = copy();
    files.delete('tile/0/000');
    files.delete('tile/0/000.p/57');
    const kinds = new Map<string, NameKind>([
      ['tile/0/000', kind],
      ['tile/0/000.p/57', kind],
      ['notes', kind],
    ]);
    const { report } = await check(files, kinds);
    expect(damage(report)).toStrictEqual([
      { path: 'notes', code: 'FSCK_NOT_PLAIN', data: 'foreign' },
      { path: 'tile/0/000', code: 'FSCK_NOT_PLAIN', data: 'derived' },
      { path: 'tile/0/000.p/57', code: 'FSCK_NOT_PLAIN', data: 'derived' },
    ]);
  });

  test('rests of interrupted writes and tiles ahead of the checkpoint are warnings', async () => {
    const files = copy()
      .set('tile/0/.0123456789ab.tmp', new Uint8Array(3))
      .set('tile/0/000.0123456789ab.tmp', new Uint8Array(3));
    for (const [path, bytes] of publishedFiles(entries.slice(0, 600), [520, 600]))
      if (path.endsWith('.p/88')) files.set(path, bytes);
    const { report } = await check(files);
    expect(report.verdict).toBe('sound');
    expect(report.findings.map(({ path, state, code }) => [path, state, code])).toStrictEqual([
      ['tile/0/.0123456789ab.tmp', 'warning', 'FSCK_TEMPORARY'],
      ['tile/0/000.0123456789ab.tmp', 'warning', 'FSCK_TEMPORARY'],
      ['tile/0/002.p/88', 'warning', 'FSCK_AHEAD'],
      ['tile/entries/002.p/88', 'warning', 'FSCK_AHEAD'],
    ]);
  });

  test('a tile ahead of the checkpoint that contradicts it is damage', async () => {
    const files = copy();
    const ahead = publishedFiles(entries.slice(0, 600), [520, 600]);
    files.set('tile/0/002.p/88', flip(3)(ahead.get('tile/0/002.p/88')!));
    expect(damage((await check(files)).report)).toStrictEqual([
      { path: 'tile/0/002.p/88', code: 'FSCK_STALE', data: 'derived' },
    ]);
  });
});

describe('one damage to a log of any size', () => {
  const damages: Record<string, (bytes: Uint8Array, at: number) => Uint8Array | null> = {
    flip: (bytes, at) => flip(at % bytes.length, 1 << (at % 8))(bytes),
    truncate: (bytes, at) => bytes.slice(0, at % bytes.length),
    extend: (bytes, at) => new Uint8Array([...bytes, ...new Uint8Array(1 + (at % 300))]),
    remove: () => null,
    exchange: (bytes) => new Uint8Array(bytes.length).fill(0x5a),
  };

  test('is found at its path; derived data is made again byte for byte, primary data never written', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1500 }),
        fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 3 }),
        fc.constantFrom(...Object.keys(damages)),
        fc.nat(),
        fc.nat(),
        async (size, earlier, how, which, at) => {
          const sizes = [...new Set([...earlier.filter((older) => older < size), size])].sort(
            (a, b) => a - b,
          );
          const whole = publishedFiles(entries.slice(0, size), sizes);
          const paths = [...whole.keys()].filter((path) => path.startsWith('tile/'));
          const path = paths[which % paths.length]!;
          const bytes = damages[how]!(whole.get(path)!.slice(), at);
          const files = copy(whole);
          if (bytes === null) files.delete(path);
          else files.set(path, bytes);
          const { report } = await check(files);
          // An older partial tile may be gone.
          if (bytes === null && path.includes('.p/') && report.findings.length === 0) return;
          expect(report.verdict).toBe('damaged');
          expect(damage(report).map((found) => found.path)).toStrictEqual([path]);
          const damaged = files.get(path);
          const after = await check(files);
          if (repairRefusal(after) !== null) return;
          for await (const act of repairStored(after, (written, data) => {
            files.set(written, data);
            return Promise.resolve();
          }))
            expect(act.done).toBe(true);
          const isDerived = damage(report).every(({ data }) => data === 'derived');
          if (isDerived) expect(files).toStrictEqual(whole);
          else expect(files.get(path)).toBe(damaged);
        },
      ),
      { numRuns: 120 },
    );
  }, 60_000);

  test('and so are two, whichever they are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1500 }),
        fc.array(
          fc.record({
            how: fc.constantFrom('flip', 'truncate', 'extend', 'exchange'),
            which: fc.nat(),
            at: fc.nat(),
          }),
          { minLength: 2, maxLength: 2 },
        ),
        async (size, both) => {
          const files = publishedFiles(entries.slice(0, size), [Math.ceil(size / 2), size]);
          const paths = [...files.keys()].filter((path) => path.startsWith('tile/'));
          const chosen = new Set<string>();
          for (const { how, which, at } of both) {
            const path = paths[which % paths.length]!;
            if (chosen.has(path)) continue;
            chosen.add(path);
            files.set(path, damages[how]!(files.get(path)!.slice(), at)!);
          }
          const found = damage((await check(files)).report).map(({ path }) => path);
          for (const path of chosen) expect(found).toContain(path);
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);
});
