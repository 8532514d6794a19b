import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { TreeFrontier, encodeEntry, leafHash, tilePath, toHex, utf8 } from '@showcause/core';
import { generateKey } from '@showcause/core/node';
import { recoverTypedDataAddress } from 'viem';
import { checkpointTypedData } from '../src/chain/typed-data.ts';
import { httpCountersign } from '../src/countersigner/client.ts';
import type { Countersigner } from '../src/countersigner/countersigner.ts';
import { serveCountersigner } from '../src/countersigner/server.ts';
import { TestProducer } from '../src/testing.ts';
import { CHAIN_ID, CONTRACT, Countersigners, headAt, rewrite } from './support/countersigning.ts';
import { createTestLog, newFolder, removeFolders, silent } from './support/log.ts';
import { publishLog, readerOf } from './support/published.ts';

afterAll(removeFolders);

const log = createTestLog();
const countersigners = new Countersigners(log);
const { account, policy } = countersigners;
const start = countersigners.start.bind(countersigners);
afterEach(() => countersigners.closeAll());

const coded = (code: string): unknown => expect.objectContaining({ code });

describe('the countersigner', () => {
  test('signs what it recomputed, step by step, and again after a restart', async () => {
    const published = await publishLog(log);
    const dir = newFolder();
    const countersigner = start(published.files.content, dir);
    await published.grow(300);
    const first = { oldSize: 1, size: 303, root: headAt(published, 303) };
    const signature = await countersigner.countersign(first);
    const signer = await recoverTypedDataAddress({
      ...checkpointTypedData(CHAIN_ID, CONTRACT, first),
      signature: `0x${toHex(signature)}`,
    });
    expect(signer.toLowerCase()).toBe(countersigner.address);
    expect(countersigner.address).toBe(account.address.toLowerCase());
    await published.grow(20);
    // An older head than the newest may be asked for: blocks are slow.
    await countersigner.countersign({ oldSize: 303, size: 310, root: headAt(published, 310) });
    await countersigner.close();
    const again = start(published.files.content, dir);
    expect(again.state()).toMatchObject({ size: 310, followed: 310, refused: 0, failing: null });
    await again.countersign({ oldSize: 310, size: 323, root: headAt(published, 323) });
    await again.countersign({ oldSize: 1, size: 323, root: headAt(published, 323) });
  });

  test('refuses ranges, other roots, shrinking and what is not published, and keeps a note of each', async () => {
    const published = await publishLog(log);
    await published.grow(20);
    const dir = newFolder();
    const { countersign, state } = start(published.files.content, dir);
    const root = headAt(published, 23);
    const step = { oldSize: 1, size: 23, root };
    const wrong: [string, Partial<typeof step>][] = [
      ['COUNTERSIGN_RANGE', { oldSize: 0 }],
      ['COUNTERSIGN_RANGE', { oldSize: 23 }],
      ['COUNTERSIGN_RANGE', { size: 2 ** 48 }],
      ['COUNTERSIGN_RANGE', { size: 1.5 }],
      ['COUNTERSIGN_RANGE', { root: root.subarray(1) }],
      ['COUNTERSIGN_UNPUBLISHED', { size: 24 }],
      ['COUNTERSIGN_ROOT', { root: headAt(published, 22) }],
    ];
    for (const [code, change] of wrong)
      await expect(countersign({ ...step, ...change })).rejects.toEqual(coded(code));
    await countersign(step);
    await expect(countersign({ ...step, size: 22, root: headAt(published, 22) })).rejects.toEqual(
      coded('COUNTERSIGN_SHRINK'),
    );
    await expect(countersign({ ...step, root: headAt(published, 22) })).rejects.toEqual(
      coded('COUNTERSIGN_FORK'),
    );
    expect(state()).toMatchObject({ size: 23, refused: wrong.length + 2, failing: null });
    const lines = readFileSync(join(dir, 'refusals.ndjson'), 'utf8').trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { code: string }).code)).toStrictEqual([
      ...wrong.map(([code]) => code),
      'COUNTERSIGN_SHRINK',
      'COUNTERSIGN_FORK',
    ]);
  });

  test('a log that shrank, that forked, or that is of somebody else gets no signature', async () => {
    const published = await publishLog(log);
    await published.grow(20);
    const dir = newFolder();
    const content = new Map(published.files.content);
    const small = new Map(content);
    const { countersign } = start(content, dir);
    await countersign({ oldSize: 1, size: 23, root: headAt(published, 23) });
    // A whole other history from entry 10 on, with the log's own signature.
    const fork = rewrite(
      log,
      published,
      10,
      published.disk.leaves
        .slice(11)
        .map(({ entry }) => entry)
        .concat(published.disk.leaves[10]!.entry),
    );
    await published.grow(5);
    content.clear();
    for (const [path, bytes] of rewrite(
      log,
      published,
      22,
      published.disk.leaves.slice(23).map(({ entry }) => entry),
    ))
      content.set(path, bytes);
    const forked = { oldSize: 23, size: 27, root: headAt(published, 27) };
    await expect(countersign(forked)).rejects.toEqual(coded('COUNTERSIGN_FORK'));
    for (const [path, bytes] of fork) content.set(path, bytes);
    await expect(countersign({ oldSize: 1, size: 23, root: forked.root })).rejects.toEqual(
      coded('COUNTERSIGN_FORK'),
    );
    content.set('checkpoint', rewrite(log, published, 22, []).get('checkpoint')!);
    await expect(countersign(forked)).rejects.toEqual(coded('COUNTERSIGN_SHRINK'));
    const other = await publishLog(createTestLog());
    content.set('checkpoint', other.files.content.get('checkpoint')!);
    await expect(countersign(forked)).rejects.toEqual(coded('COUNTERSIGN_LOG'));
    expect(small.size).toBeGreaterThan(0);
  });

  test.each([
    ['an entry that is no entry', () => [utf8('{"not": "canonical"}')]],
    ['a second genesis', () => [log.genesis]],
    [
      'a registration by another registrar',
      () => [createTestLog().register('loan-api', generateKey('producer').publicKey)],
    ],
    [
      'an entry of an unregistered producer',
      () => [new TestProducer('stranger', log.logId).intent().entry],
    ],
    [
      'a start that its producer did not sign',
      () => [new TestProducer('loan-api', log.logId).start().entry],
    ],
    [
      'a type that the key does not list',
      () => [
        encodeEntry({
          v: 1,
          type: 'streamGap',
          id: 'ab'.repeat(16),
          time: '2026-01-01T00:00:00Z',
          producer: 'loan-api',
          epoch: 1,
          seq: 0,
          prev: '00'.repeat(32),
          about: { producer: 'x', epoch: 1, from: 0, to: 1 },
          sig: `${'A'.repeat(86)}==`,
        }),
      ],
    ],
  ] as [string, () => Uint8Array[]][])('no signature over %s', async (_name, entries) => {
    const published = await publishLog(log);
    await published.grow(4);
    const content = rewrite(log, published, 7, entries());
    const frontier = TreeFrontier.empty();
    for (const { hash } of published.disk.leaves) frontier.append(hash);
    for (const entry of entries()) frontier.append(leafHash(entry));
    const dir = newFolder();
    const { countersign, state } = start(content, dir);
    const step = { oldSize: 1, size: frontier.size, root: frontier.root() };
    await expect(countersign(step)).rejects.toEqual(coded('COUNTERSIGN_ENTRY'));
    expect(state().size).toBe(0);
    // The part before it is fine.
    await countersign({ oldSize: 1, size: 7, root: headAt(published, 7) });
  });

  test('no signature over an old registration that is logged again, nor after a restart', async () => {
    const published = await publishLog(log);
    const { content } = published.files;
    const dir = newFolder();
    await published.grow(4);
    const again = (from: number): void => {
      for (const [path, bytes] of rewrite(log, published, from, [published.disk.leaves[2]!.entry]))
        content.set(path, bytes);
    };
    let now: Countersigner;
    const signs = async (size: number, root: Uint8Array): Promise<unknown> =>
      now.countersign({ oldSize: 1, size, root });
    const entries = published.disk.leaves.map(({ entry }) => entry);
    const repeated = TreeFrontier.empty();
    for (const entry of [...entries, entries[2]!]) repeated.append(leafHash(entry));
    now = start(content, dir);
    await signs(entries.length, headAt(published, entries.length));
    await now.close();
    again(entries.length);
    now = start(content, dir);
    await expect(signs(entries.length + 1, repeated.root())).rejects.toEqual(
      coded('COUNTERSIGN_ENTRY'),
    );
    now = start(content, newFolder());
    await expect(signs(entries.length + 1, repeated.root())).rejects.toEqual(
      coded('COUNTERSIGN_ENTRY'),
    );
  });

  test('tiles that lie, are cut short or are missing are a log that cannot be read, or a fork', async () => {
    const published = await publishLog(log);
    await published.grow(20);
    const step = { oldSize: 1, size: 23, root: headAt(published, 23) };
    const bundle = tilePath({ level: 'entries', index: 0, width: 23 });
    const changes: [string, (content: Map<string, Uint8Array>) => void][] = [
      ['COUNTERSIGN_LOG', (content) => content.delete(bundle)],
      ['COUNTERSIGN_LOG', (content) => content.set(bundle, content.get(bundle)!.subarray(0, 900))],
      ['COUNTERSIGN_LOG', (content) => content.delete('checkpoint')],
      ['COUNTERSIGN_LOG', (content) => content.set('checkpoint', utf8('nothing'))],
    ];
    for (const [code, change] of changes) {
      const content = new Map(published.files.content);
      change(content);
      const { countersign } = start(content, newFolder());
      await expect(countersign(step)).rejects.toEqual(coded(code));
    }
  });

  test('a crash between state and signature costs the signature, not the memory', async () => {
    const published = await publishLog(log);
    await published.grow(20);
    const dir = newFolder();
    const dying = {
      ...account,
      signTypedData: () => Promise.reject(new Error('the process ends here')),
    } as typeof account;
    const first = start(published.files.content, dir, { account: dying });
    const step = { oldSize: 1, size: 23, root: headAt(published, 23) };
    await expect(first.countersign(step)).rejects.toThrow('ends here');
    await first.close();
    const again = start(published.files.content, dir);
    expect(again.state().size).toBe(23);
    await again.countersign(step);
    await expect(
      again.countersign({ ...step, size: 20, root: headAt(published, 20) }),
    ).rejects.toEqual(coded('COUNTERSIGN_SHRINK'));
  });

  test('says that it is not healthy while it cannot read the log or keep its state, and that it is again', async () => {
    const published = await publishLog(log);
    const dir = newFolder();
    let isAway = true;
    const there = readerOf(published.files.content);
    const reader = {
      ...there,
      checkpoint: () => (isAway ? Promise.reject(new Error('away')) : there.checkpoint()),
    };
    const countersigner = start(published.files.content, dir, { reader });
    const token = 'a-token-of-some-length';
    const server = await serveCountersigner({ countersigner, token, port: 0, logger: silent });
    const health = async () => {
      const response = await fetch(`${server.url}/health`);
      return { status: response.status, ...((await response.json()) as object) };
    };
    const step = { oldSize: 1, size: 3, root: headAt(published, 3) };
    expect(await health()).toMatchObject({ status: 200, failing: null });
    await expect(countersigner.countersign(step)).rejects.toEqual(expect.anything());
    expect(await health()).toMatchObject({ status: 503, failing: 'COUNTERSIGN_LOG' });
    isAway = false;
    // A folder where the state's file should be: nothing can be kept.
    mkdirSync(join(dir, 'state.json'));
    await expect(countersigner.countersign(step)).rejects.toEqual(expect.anything());
    expect(await health()).toMatchObject({ status: 503, failing: 'COUNTERSIGN_STATE' });
    rmdirSync(join(dir, 'state.json'));
    await countersigner.countersign(step);
    expect(await health()).toMatchObject({ status: 200, failing: null, size: 3 });
    // To refuse what is wrong is its work.
    await expect(countersigner.countersign({ ...step, size: 99 })).rejects.toEqual(
      coded('COUNTERSIGN_UNPUBLISHED'),
    );
    expect(await health()).toMatchObject({ status: 200, failing: null, refused: 1 });
    await server.close();
  });

  test('one process at a time holds the state; damage or the state of another log is refused', async () => {
    const published = await publishLog(log);
    await published.grow(3);
    const dir = newFolder();
    const first = start(published.files.content, dir);
    const refused = expect.objectContaining({ code: 'COUNTERSIGN_STATE' });
    expect(() => start(published.files.content, dir)).toThrow(refused);
    await first.countersign({ oldSize: 1, size: 6, root: headAt(published, 6) });
    await first.close();
    const other = { ...policy, contract: `0x${'dd'.repeat(20)}` };
    expect(() => start(published.files.content, dir, { policy: other })).toThrow(refused);
    const state = join(dir, 'state.json');
    const good = readFileSync(state);
    for (const bad of [
      '',
      '{}',
      good.subarray(0, 40),
      good.toString().replace('"size":6', '"size":-6'),
    ]) {
      writeFileSync(state, bad);
      expect(() => start(published.files.content, dir)).toThrow(refused);
    }
    writeFileSync(state, good);
    expect(start(published.files.content, dir).state().size).toBe(6);
  });
});

describe('the countersigner over HTTP', () => {
  test('answers with the signature, or with the code of its refusal', async () => {
    const published = await publishLog(log);
    await published.grow(20);
    const countersigner = start(published.files.content, newFolder());
    const token = 't'.repeat(32);
    const server = await serveCountersigner({ countersigner, token, port: 0, logger: silent });
    const step = { oldSize: 1, size: 23, root: headAt(published, 23) };
    const ask = httpCountersign(server.url, token);
    expect(await ask(step)).toStrictEqual(await countersigner.countersign(step));
    await expect(ask({ ...step, size: 99 })).rejects.toMatchObject({
      code: 'COUNTERSIGN_REFUSED',
      got: 'COUNTERSIGN_UNPUBLISHED',
    });
    await expect(httpCountersign(server.url, 'wrong')(step)).rejects.toMatchObject({
      code: 'COUNTERSIGN_REFUSED',
      got: 'COUNTERSIGN_TOKEN',
    });
    const bodies = [
      '',
      'x',
      '[]',
      '{"oldSize":1,"size":23}',
      '{"oldSize":1,"size":23,"root":"00","more":1}',
      '{"oldSize":"1","size":23,"root":"00"}',
      '{"oldSize":1,"oldSize":1,"size":23,"root":"00"}',
      'y'.repeat(5_000),
    ];
    for (const body of bodies) {
      const answer = await fetch(`${server.url}/countersign`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body,
      });
      expect([400, 413]).toContain(answer.status);
      expect(await answer.clone().json()).toMatchObject({
        type: 'urn:showcause:error:COUNTERSIGN_REQUEST',
        title: 'not a request for a countersignature',
        code: 'COUNTERSIGN_REQUEST',
      });
      expect(await answer.json()).toMatchObject({ code: 'COUNTERSIGN_REQUEST' });
    }
    await server.close();
    await expect(ask(step)).rejects.toMatchObject({ code: 'COUNTERSIGN_UNREACHABLE' });
  });
});
