import { buffer } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { fromUtf8, utf8 } from '@showcause/core';
import type { LogFiles } from '../../src/ports.ts';

/** What every place of a published log does, whatever it is made of. @param open  an empty one */
export function logFilesConformance(open: () => Promise<LogFiles> | LogFiles): void {
  const text = async (files: LogFiles, path: string): Promise<string | null> => {
    const bytes = await files.read(path);
    return bytes === null ? null : fromUtf8(bytes);
  };

  test('what is not there is null, and an empty folder has no names', async () => {
    const files = await open();
    for (const method of ['read', 'stat', 'open'] as const)
      expect(await files[method]('tile/0/000')).toBeNull();
    expect(await files.list('tile/0/000.p')).toStrictEqual([]);
    await files.remove('tile/0/000');
  });

  test('creates once; the same bytes again are well, others are refused and change nothing', async () => {
    const files = await open();
    await files.create('tile/0/000', utf8('a'));
    await files.create('tile/0/000', utf8('a'));
    for (const other of ['b', 'aa', ''])
      await expect(files.create('tile/0/000', utf8(other))).rejects.toMatchObject({
        code: 'PUBLISH_TILE',
      });
    expect(await text(files, 'tile/0/000')).toBe('a');
  });

  test('of many who create one file with other bytes each, one does', async () => {
    const files = await open();
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, (_, i) => files.create('tile/0/001', utf8(`writer ${i}`))),
    );
    const stored = await text(files, 'tile/0/001');
    results.forEach(({ status }, i) => {
      if (stored === `writer ${i}`) expect(status).toBe('fulfilled');
    });
    expect(stored).toMatch(/^writer \d+$/);
  });

  test('exchanges what is there for something else, and nothing for what is not', async () => {
    const files = await open();
    const exchange = (was: string | null, now: string): Promise<boolean> =>
      files.exchange('checkpoint', was === null ? null : utf8(was), utf8(now));
    expect(await exchange('never', 'x')).toBe(false);
    expect(await text(files, 'checkpoint')).toBeNull();
    expect(await exchange(null, '1')).toBe(true);
    expect(await exchange(null, '2')).toBe(false);
    expect(await exchange('1', '2')).toBe(true);
    expect(await exchange('1', '3')).toBe(false);
    // Whoever does not know whether it happened may ask again.
    expect(await exchange('1', '2')).toBe(true);
    expect(await text(files, 'checkpoint')).toBe('2');
    await files.replace('checkpoint', utf8('by another'));
    expect(await exchange('2', '3')).toBe(false);
    expect(await exchange('by another', '3')).toBe(true);
    expect(await text(files, 'checkpoint')).toBe('3');
    // What it wrote itself a moment ago is no longer there.
    await files.replace('checkpoint', utf8('by another again'));
    expect(await exchange('3', '4')).toBe(false);
    expect(await text(files, 'checkpoint')).toBe('by another again');
  });

  test('tells size and a tag that changes with the bytes', async () => {
    const files = await open();
    await files.replace('anchors/latest.json', utf8('one'));
    const one = (await files.stat('anchors/latest.json'))!;
    expect(one).toMatchObject({ size: 3, tag: expect.stringMatching(/^[\w-]+$/) });
    expect(await files.stat('anchors/latest.json')).toStrictEqual(one);
    await files.replace('anchors/latest.json', utf8('two'));
    expect((await files.stat('anchors/latest.json'))!.tag).not.toBe(one.tag);
  });

  test('opens all of a file or a range of it', async () => {
    const files = await open();
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
    await files.create('tile/entries/000', bytes);
    const facts = await files.stat('tile/entries/000');
    for (const range of [undefined, { start: 0, end: 0 }, { start: 70_000, end: 99_999 }]) {
      const { body, ...told } = (await files.open('tile/entries/000', range))!;
      expect(told).toStrictEqual(facts);
      const want = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
      expect((await buffer(body)).equals(want)).toBe(true);
    }
    // A reader who leaves takes nothing with it.
    (await files.open('tile/entries/000'))!.body.destroy();
    expect((await files.read('tile/entries/000'))!.length).toBe(100_000);
  });

  test('lists the names of one folder, and removes', async () => {
    const files = await open();
    for (const name of ['000.p/3', '000.p/255', '000', '0001'])
      await files.create(`tile/0/${name}`, utf8(name));
    expect([...(await files.list('tile/0/000.p'))].sort()).toStrictEqual(['255', '3']);
    await files.remove('tile/0/000.p/3');
    await files.remove('tile/0/000.p/3');
    expect(await files.list('tile/0/000.p')).toStrictEqual(['255']);
    expect(await text(files, 'tile/0/000')).toBe('000');
  });
}
