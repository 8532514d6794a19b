import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { utf8 } from '@showcause/core';
import { startFaultProxy } from '@showcause/parts';
import type { Fault, FaultProxy } from '@showcause/parts';
import type { LogFiles } from '../src/ports.ts';
import { Objects } from '../src/s3/objects.ts';
import type { S3Place } from '../src/s3/place.ts';
import { probeStore } from '../src/s3/probe.ts';
import { S3_START_MS, describeWithS3, startS3 } from '../../test/support/s3.ts';
import type { S3 } from '../../test/support/s3.ts';
import { removeFolders, silent } from './support/log.ts';
import { filesAt, placeOf, secretsOf } from './support/s3-files.ts';

afterAll(removeFolders);

const probe = (place: S3Place): Promise<{ compares: boolean }> =>
  probeStore(new Objects(place), place, { ...place, logger: silent });

describeWithS3('a published log in S3', () => {
  let s3: S3;
  let secret: string;
  let proxy: FaultProxy;
  beforeAll(async () => {
    s3 = await startS3();
    secret = secretsOf(s3);
    proxy = await startFaultProxy(s3.port);
  }, S3_START_MS);
  afterEach(() => proxy.clear());
  afterAll(async () => {
    await proxy?.close();
    await s3?.stop();
  });

  /** Through the proxy, with little patience. */
  function flaky(changes: Partial<S3Place> = {}): LogFiles {
    const endpoint = `http://127.0.0.1:${proxy.port}`;
    return filesAt(
      placeOf(s3, secret, { endpoint, requestMs: 1_000, totalMs: 10_000, ...changes }),
    );
  }

  describe('at start', () => {
    test('an honest store passes, and nothing of the trial stays', async () => {
      const place = placeOf(s3, secret);
      expect(await probe(place)).toStrictEqual({ compares: true });
      expect(await filesAt(place).list('.probe')).toStrictEqual([]);
    }, 30_000);

    test(
      'a store that lets many writers win is refused',
      async () => {
        const liar = await startS3({ server: 's3rver' });
        const place = placeOf(liar, secretsOf(liar));
        await expect(probe(place)).rejects.toMatchObject({
          code: 'FILES_UNSAFE',
          got: expect.stringMatching(/of 16 writers won/),
        });
        await liar.stop();
      },
      S3_START_MS,
    );

    test.each<[string, Partial<S3Place>]>([
      ['bucket', { bucket: 'no-such-bucket' }],
      ['user', { accessKeyId: 'nobody' }],
    ])('another %s is refused at once, without a secret in what is said', async (what, changes) => {
      // moto lets everybody in.
      if (what === 'user' && s3.server === 'moto') return;
      const started = Date.now();
      const failure: unknown = await probe(placeOf(s3, secret, changes)).catch((e: unknown) => e);
      expect(failure).toMatchObject({ code: 'FILES_REFUSED' });
      expect(String((failure as Error).message)).not.toContain(s3.secretAccessKey);
      expect(Date.now() - started).toBeLessThan(15_000);
    });

    test('a store that is away is named so', async () => {
      await proxy.set({ mode: 'refuse' });
      const place = placeOf(s3, secret, {
        endpoint: `http://127.0.0.1:${proxy.port}`,
        totalMs: 500,
      });
      await expect(probe(place)).rejects.toMatchObject({ code: 'FILES_UNAVAILABLE' });
    });
  });

  test('objects carry what a bucket or CDN needs to serve them', async () => {
    const place = placeOf(s3, secret);
    const files = filesAt(place, { isPublic: false });
    const client = new S3Client({
      region: s3.region,
      endpoint: s3.endpoint,
      forcePathStyle: true,
      credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
    });
    await files.create('tile/0/000', new Uint8Array(8192));
    await files.create('tile/entries/000', utf8('bundle'));
    await files.exchange('checkpoint', null, utf8('note'));
    await files.replace('anchors/5.json', utf8('{}'));
    for (const [path, type, caching] of [
      ['tile/0/000', 'application/octet-stream', 'public, max-age=31536000, immutable'],
      ['tile/entries/000', 'application/octet-stream', 'private, max-age=31536000, immutable'],
      ['checkpoint', 'text/plain; charset=utf-8', 'public, max-age=1'],
      ['anchors/5.json', 'application/json', 'public, max-age=31536000, immutable'],
    ] as const) {
      const key = { Bucket: s3.bucket, Key: place.prefix + path };
      const { ContentType, CacheControl } = await client.send(new HeadObjectCommand(key));
      expect([path, ContentType, CacheControl]).toStrictEqual([path, type, caching]);
    }
    client.destroy();
  });

  describe('when the store or the way to it fails once', () => {
    const once: [string, Fault][] = [
      ['500', { mode: 'status', status: 500 }],
      ['503', { mode: 'status', status: 503 }],
      ['an answer that never comes', { mode: 'half-open', arrives: true }],
      ['a request that never arrives', { mode: 'drop-request' }],
      ['an answer that is lost', { mode: 'drop-response' }],
      ['a reset', { mode: 'reset', afterBytes: 0 }],
      ['a reset amid the head', { mode: 'reset', afterBytes: 40 }],
    ];
    test.each(once)(
      '%s: it is done, once',
      async (_name, fault) => {
        const files = flaky();
        await proxy.set(fault, { times: 1, when: 'PUT ' });
        await files.create('tile/0/000', utf8('tile'));
        await expect(files.create('tile/0/000', utf8('other'))).rejects.toMatchObject({
          code: 'PUBLISH_TILE',
        });
        await proxy.set(fault, { times: 1, when: 'PUT ' });
        expect(await files.exchange('checkpoint', null, utf8('1'))).toBe(true);
        await proxy.set(fault, { times: 1, when: 'PUT ' });
        expect(await files.exchange('checkpoint', utf8('1'), utf8('2'))).toBe(true);
        await proxy.set(fault, { times: 1, when: 'GET ' });
        expect(await files.read('checkpoint')).toStrictEqual(utf8('2'));
        expect(await files.read('tile/0/000')).toStrictEqual(utf8('tile'));
      },
      60_000,
    );

    test.each<Fault>([
      { mode: 'cut', afterBytes: 3_000 },
      { mode: 'reset', afterBytes: 3_000 },
    ])('a body that is cut short (%j) is not taken for the object', async (fault) => {
      const files = flaky();
      const bytes = Uint8Array.from({ length: 8192 }, (_, i) => i % 256);
      await files.create('tile/0/000', bytes);
      await proxy.set(fault, { times: 1, when: 'GET ' });
      expect(await files.read('tile/0/000')).toStrictEqual(bytes);
      expect(proxy.hits()).toBeGreaterThan(0);
    });
  });

  test.each<[string, Fault]>([
    ['503 to all', { mode: 'status', status: 503 }],
    ['no answer to anything', { mode: 'half-open' }],
    ['nobody listens', { mode: 'refuse' }],
    ['answers that come too late', { mode: 'latency', ms: 600 }],
  ])(
    '%s: it ends in bounded time, with a name',
    async (_name, fault) => {
      const files = flaky({ requestMs: 500, totalMs: 1_500 });
      await files.create('tile/0/000', utf8('tile'));
      await proxy.set(fault);
      const started = Date.now();
      for (const act of [
        () => files.read('tile/0/000'),
        () => files.create('tile/0/001', utf8('x')),
        () => files.open('tile/0/000'),
      ])
        await expect(act()).rejects.toMatchObject({ code: 'FILES_UNAVAILABLE' });
      expect(Date.now() - started).toBeLessThan(20_000);
      await proxy.clear();
      expect(await files.read('tile/0/000')).toStrictEqual(utf8('tile'));
    },
    60_000,
  );

  test('an object larger than any file of a log is not read', async () => {
    const files = flaky();
    await files.replace('tile/0/000', new Uint8Array(256 * 65_537 + 1));
    await expect(files.read('tile/0/000')).rejects.toMatchObject({ code: 'FILES_UNSAFE' });
  }, 60_000);
});
