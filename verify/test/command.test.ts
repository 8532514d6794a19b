import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import {
  cosignatureSigner,
  encodeEntryBundle,
  formatPolicy,
  formatReceipt,
  formatVkey,
  leafHash,
  policyFingerprint,
  sha256,
  toHex,
} from '@showcause/core';
import type { ReceiptHeader } from '@showcause/core';
import { ed25519KeySigner } from '@showcause/core/node';
import { decodeSignedPromise, encodeReceiptHeader, fromBase64, fromHex } from '@showcause/core';
import {
  MiniLog,
  REASONS,
  RESPONSE,
  START,
  logSigner,
  makeReceiptWorld,
  makeWorld,
  randomId,
  signRegistration,
} from './support/fixture.ts';
import { runVerify } from '../src/command.ts';
import { closedServer, emptyFolder, fileServer, publish, run } from './support/files.ts';
import { hang, rpcServer } from './support/rpc-server.ts';

const world = makeReceiptWorld(toHex(sha256(RESPONSE)));
const { receipt, policy } = world;
const fingerprint = policyFingerprint(policy);
const otherFingerprint = `SHA256:${'A'.repeat(43)}`;
const folder = emptyFolder();
const { write } = folder;
const paths = {
  receipt: write('receipt.json', formatReceipt(receipt)),
  policy: write('policy.json', formatPolicy(policy)),
  shown: write('shown.json', JSON.stringify({ outcome: 'denied', reasons: REASONS })),
  response: write('response.bin', RESPONSE),
  key: write('key.entry', world.key),
};
const header: ReceiptHeader = {
  promise: decodeSignedPromise(fromBase64(receipt.promise)),
  index: receipt.batch.index,
  path: receipt.batch.path.map((hash) => fromHex(hash, 32)),
  entry: fromBase64(receipt.entry),
  opening: receipt.openings.find(({ path }) => path[0] === 'responseHash')!,
};

afterAll(() => folder.remove());

interface Told {
  verdict: string;
  grades: string[];
  exitCode: number;
  policyFingerprint: string;
  checks: { id: string; result: string; asked: boolean; code?: string; detail?: string }[];
  producers?: { producer: string }[];
}
const json = (out: string): Told => JSON.parse(out) as Told;
const codes = (out: string, result: string): string[] =>
  json(out)
    .checks.filter((check) => check.result === result)
    .map(({ id, code }) => `${id} ${code}`);

describe('verify receipt, in a folder with nothing else and the network cut', () => {
  const realFetch = globalThis.fetch;
  beforeAll(() => {
    globalThis.fetch = () => {
      throw new Error('the network is cut');
    };
  });
  afterAll(() => {
    globalThis.fetch = realFetch;
  });
  const verify = (...more: string[]): ReturnType<typeof run> =>
    run('receipt', paths.receipt, '--policy', paths.policy, ...more);

  test('passes with the fingerprint on the command line', async () => {
    const { code, out, err } = await verify('--fingerprint', fingerprint);
    expect([code, err]).toStrictEqual([0, '']);
    expect(out.split('\n')[0]).toBe(`policy ${fingerprint}`);
    expect(out).toContain('VERIFIED: accepted, logged, witnessed');
    expect(out.replace(/\s+/g, ' ')).toContain('not compared with the chain (needs --rpc)');
    expect(out).toContain('Test chain: proves nothing against its owner.');
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('as one JSON document', async () => {
    const { code, out } = await verify(
      '--json',
      '--response',
      paths.response,
      '--shown',
      paths.shown,
      '--second-opinion',
    );
    expect(code).toBe(0);
    expect(json(out)).toMatchObject({
      kind: 'receipt',
      verdict: 'verified',
      exitCode: 0,
      policyFingerprint: fingerprint,
    });
    expect(json(out).checks.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['shown', 'response', 'second-opinion']),
    );
  });

  test('another fingerprint refutes and nothing else is looked at', async () => {
    const { code, out } = await run(
      'receipt',
      `${folder.dir}/missing.json`,
      '--policy',
      paths.policy,
      '--fingerprint',
      otherFingerprint,
      '--json',
    );
    expect(code).toBe(1);
    expect(codes(out, 'refuted')).toStrictEqual(['policy VERIFY_FINGERPRINT']);
    expect(json(out).checks).toHaveLength(1);
  });

  test('a grade that was asked for and is not shown is exit 2', async () => {
    expect((await verify('--require', 'accepted,logged,witnessed')).code).toBe(0);
    const { code, out } = await verify('--require', 'anchored', '--json');
    expect([code, codes(out, 'could-not-check')]).toStrictEqual([
      2,
      ['key-revocation VERIFY_MISSING', 'anchor-final VERIFY_MISSING'],
    ]);
  });

  test('the last line names what was asked and could not be checked, nothing else', async () => {
    const bare = write(
      'bare-receipt.json',
      formatReceipt({ ...receipt, proof: null, anchor: null }),
    );
    const { code, out } = await run(
      'receipt',
      bare,
      '--policy',
      paths.policy,
      '--require',
      'anchored',
    );
    expect([code, out.split('\n').at(-1)]).toStrictEqual([
      2,
      'COULD NOT CHECK: anchor on the chain (shown: accepted)',
    ]);
  });

  test('another outcome shown is exit 1', async () => {
    const shown = write('approved.json', JSON.stringify({ decision: { outcome: 'approved' } }));
    const { code, out } = await verify('--shown', shown, '--json');
    expect([code, codes(out, 'refuted')]).toStrictEqual([1, ['shown VERIFY_SHOWN']]);
  });

  test('text of a refusal names the check, the code and what was seen', async () => {
    const forged = write(
      'forged.json',
      formatReceipt({
        ...receipt,
        openings: receipt.openings.map((opening) =>
          opening.path[0] === 'outcome' ? { ...opening, value: 'approved' } : opening,
        ),
      }),
    );
    const { code, out } = await run('receipt', forged, '--policy', paths.policy);
    expect(code).toBe(1);
    expect(out).toMatch(/✗ outcome — /);
    expect(out).toContain('CLAIM_OPENING');
    expect(out).toContain('REFUTED: outcome');
    expect(out).not.toMatch(/^VERIFIED/m);
  });
});

describe('verify receipt --log', () => {
  const bare = write('bare.json', formatReceipt({ ...receipt, proof: null, anchor: null }));
  const size = world.log.entries.length;
  const verify = async (
    file: string,
    log: MiniLog,
    ...more: string[]
  ): Promise<Awaited<ReturnType<typeof run>>> => {
    const copy = emptyFolder();
    publish(log, copy.write);
    const ran = await run(
      'receipt',
      file,
      '--policy',
      paths.policy,
      '--log',
      copy.dir,
      '--json',
      ...more,
    );
    copy.remove();
    return ran;
  };

  test('finds an entry that was not logged yet when the receipt was made', async () => {
    const { code, out } = await verify(bare, world.log);
    expect([code, json(out).grades]).toStrictEqual([0, ['accepted', 'logged', 'witnessed']]);
  });

  test('a copy without the entry is exit 2: it may be older', async () => {
    const older = logOf(world.log.entries.slice(0, 5));
    const { code, out } = await verify(bare, older);
    expect([code, codes(out, 'could-not-check')]).toContainEqual(
      expect.arrayContaining(['kept VERIFY_MISSING']),
    );
    expect(code).toBe(2);
  });

  test('a served log without the entry is exit 2: it may be an old one, shown again', async () => {
    const copy = emptyFolder();
    publish(logOf(world.log.entries.slice(0, 5)), copy.write);
    const server = await fileServer(copy.dir);
    try {
      const argv = ['receipt', bare, '--policy', paths.policy, '--log', server.url, '--json'];
      const { code, out } = await run(...argv);
      expect([code, codes(out, 'refuted')]).toStrictEqual([2, []]);
      expect(codes(out, 'could-not-check')).toContain('kept VERIFY_MISSING');
    } finally {
      await server.close();
      copy.remove();
    }
  });

  test('a log without the entry is exit 1 when a witness saw no more long after its time', async () => {
    const { publicKey } = world.parties.witness;
    const sign = ed25519KeySigner(world.parties.witness);
    const signers = [
      logSigner(world.parties.log),
      cosignatureSigner('witness.example/w1', publicKey, START + 100_000, sign),
    ];
    const { code, out } = await verify(bare, new MiniLogOf(signers, world.log.entries.slice(0, 5)));
    expect([code, codes(out, 'refuted')]).toStrictEqual([1, ['kept VERIFY_OMITTED']]);
  });

  test('a longer log that extends the receipt passes; a fork, a rollback and a stranger do not', async () => {
    const longer = logOf([...world.log.entries, world.live.heartbeat()]);
    expect((await verify(paths.receipt, longer)).code).toBe(0);
    const cases: [MiniLog, string][] = [
      [
        logOf([...world.log.entries.slice(0, size - 1), world.genesis, world.genesis]),
        'extends PROOF_ROOT',
      ],
      [logOf(world.log.entries.slice(0, size - 1)), 'extends VERIFY_HEAD'],
      [
        new MiniLogOf([logSigner(world.parties.witness)], world.log.entries),
        'extends NOTE_SIGNATURE',
      ],
    ];
    for (const [log, told] of cases) {
      const { code, out } = await verify(paths.receipt, log);
      expect([code, codes(out, 'refuted')]).toStrictEqual([1, [told]]);
    }
  });

  test('reads its entries for a revocation of the key: before the entry exit 1, after it none', async () => {
    const revoked = signRegistration(world.parties.registrar, world.logId, {
      ...(JSON.parse(new TextDecoder().decode(world.key)) as object),
      id: randomId(),
      action: 'revoke',
    });
    const { entries } = world.log;
    const checks = (out: string): { result: string; asked: boolean; detail?: string } =>
      json(out).checks.find(({ id }) => id === 'key-revocation')!;
    const after = await verify(paths.receipt, logOf([...entries, revoked]));
    expect([after.code, checks(after.out)]).toMatchObject([
      0,
      { result: 'passed', asked: true, detail: expect.stringContaining(`at index ${size}, after`) },
    ]);
    const at = world.log.indexOf(world.decision);
    const before = await verify(
      bare,
      logOf([...entries.slice(0, at), revoked, ...entries.slice(at)]),
    );
    expect([before.code, codes(before.out, 'refuted')]).toStrictEqual([
      1,
      ['key-revocation VERIFY_REVOKED'],
    ]);
  });

  test('entries that are not those of its head tell nothing of the key', async () => {
    const copy = emptyFolder();
    publish(world.log, copy.write);
    const others = world.log.entries.map((entry, i) => (i === 3 ? world.genesis : entry));
    copy.write(`tile/entries/000.p/${size}`, encodeEntryBundle(others));
    const argv = ['receipt', paths.receipt, '--policy', paths.policy, '--log', copy.dir, '--json'];
    const { code, out } = await run(...argv);
    copy.remove();
    expect([code, codes(out, 'could-not-check')]).toStrictEqual([
      2,
      ['key-revocation LOG_FETCH', 'anchor-final VERIFY_MISSING'],
    ]);
  });

  test('a log that is not public is asked for entries only with a token', async () => {
    const copy = emptyFolder();
    publish(world.log, copy.write);
    const closed = await closedServer(copy.dir, 'a-good-reader-token');
    try {
      const argv = ['receipt', paths.receipt, '--policy', paths.policy, '--log', closed.url];
      const told = async (...more: string[]): Promise<unknown> => {
        const { code, out } = await run(...argv, '--json', ...more);
        const { result, asked } = json(out).checks.find(({ id }) => id === 'key-revocation')!;
        return [code, result, asked];
      };
      const good = write('good-token', 'a-good-reader-token');
      const bad = write('bad-token', 'another-reader-token');
      expect(await told()).toStrictEqual([0, 'could-not-check', false]);
      expect(await told('--token-file', good)).toStrictEqual([0, 'passed', true]);
      expect(await told('--token-file', bad)).toStrictEqual([2, 'could-not-check', true]);
      const { out } = await run(...argv);
      expect(out).toMatch(/readers alone \(needs\s+--token-file\)/);
    } finally {
      await closed.close();
      copy.remove();
    }
  });

  test('a log that is not there is exit 2', async () => {
    const { code, out } = await run(
      'receipt',
      paths.receipt,
      '--policy',
      paths.policy,
      '--log',
      `${folder.dir}/none`,
      '--json',
    );
    expect([code, codes(out, 'could-not-check')]).toContainEqual(
      expect.arrayContaining(['extends LOG_FETCH']),
    );
    expect(code).toBe(2);
  });

  function logOf(entries: readonly Uint8Array[]): MiniLog {
    return new MiniLogOf(world.log.signers, entries);
  }
});

class MiniLogOf extends MiniLog {
  constructor(signers: MiniLog['signers'], entries: readonly Uint8Array[]) {
    super(signers);
    for (const entry of entries) this.append(entry);
  }
}

describe('verify receipt --header', () => {
  const text = encodeReceiptHeader(header);

  test('passes with the key entry, given as text or file', async () => {
    const file = write('header.txt', `Decision-Receipt: ${text}\n`);
    for (const given of [text, file]) {
      const { code, out } = await run(
        'receipt',
        '--header',
        given,
        '--key',
        paths.key,
        '--policy',
        paths.policy,
        '--response',
        paths.response,
        '--json',
      );
      expect([code, json(out).grades]).toStrictEqual([0, ['accepted']]);
    }
  });

  test('without the key entry could not be checked, with the log it is found there', async () => {
    const { code, out } = await run(
      'receipt',
      '--header',
      text,
      '--policy',
      paths.policy,
      '--json',
    );
    expect(code).toBe(2);
    expect(codes(out, 'could-not-check')).toContain('key VERIFY_MISSING');
    const log = emptyFolder();
    publish(world.log, log.write);
    expect(
      (await run('receipt', '--header', text, '--policy', paths.policy, '--log', log.dir)).code,
    ).toBe(0);
    const revoked = signRegistration(world.parties.registrar, world.logId, {
      ...(JSON.parse(new TextDecoder().decode(world.key)) as object),
      action: 'revoke',
    });
    const before = new MiniLogOf(world.log.signers, [
      ...world.log.entries.slice(0, 4),
      revoked,
      ...world.log.entries.slice(4),
    ]);
    const other = emptyFolder();
    publish(before, other.write);
    const given = [[], ['--key', paths.key]];
    for (const more of given) {
      const argv = ['--header', text, '--policy', paths.policy, '--log', other.dir, ...more];
      const ran = await run('receipt', ...argv, '--json');
      expect([ran.code, codes(ran.out, 'refuted')]).toStrictEqual([
        1,
        ['key-revocation VERIFY_REVOKED'],
      ]);
    }
    other.remove();
    log.remove();
  });

  test('another response is exit 1', async () => {
    const other = write('other.bin', 'x');
    expect(
      (
        await run(
          'receipt',
          '--header',
          text,
          '--key',
          paths.key,
          '--policy',
          paths.policy,
          '--response',
          other,
        )
      ).code,
    ).toBe(1);
  });
});

describe('verify entry', () => {
  test('takes exact bytes and a plain proof beside them', async () => {
    const entry = write('proofs/5f.entry', world.decision);
    write('proofs/5f.tlog-proof', receipt.proof!);
    const { code, out } = await run(
      'entry',
      entry,
      '--policy',
      paths.policy,
      '--second-opinion',
      '--json',
    );
    expect([code, json(out).grades]).toStrictEqual([0, ['logged', 'witnessed']]);
    const other = write('proofs/60.entry', world.intent);
    const refused = await run(
      'entry',
      other,
      `${folder.dir}/proofs/5f.tlog-proof`,
      '--policy',
      paths.policy,
      '--json',
    );
    expect([refused.code, codes(refused.out, 'refuted')]).toStrictEqual([
      1,
      ['inclusion PROOF_ROOT'],
    ]);
  });

  test('an entry of an unknown type is covered all the same', async () => {
    const mini = makeWorld();
    const entry = new TextEncoder().encode('{"type":"novelty"}');
    mini.log.append(entry);
    const file = write('novel.entry', entry);
    write('novel.tlog-proof', mini.log.proof(mini.log.entries.length - 1));
    const policyFile = write('mini-policy.json', formatPolicy(mini.policy));
    const { code, out } = await run('entry', file, '--policy', policyFile, '--json');
    expect([code, json(out).grades, codes(out, 'could-not-check')]).toStrictEqual([
      2,
      ['logged'],
      ['entry-bytes VERIFY_UNKNOWN'],
    ]);
  });
});

describe('verify log', () => {
  const log = emptyFolder();
  beforeAll(() => publish(world.log, log.write, world.anchor));
  afterAll(() => log.remove());
  const verify = (...more: string[]): ReturnType<typeof run> =>
    run('log', log.dir, '--policy', paths.policy, ...more);

  test('passes and prints a table of producers', async () => {
    const since = write('since', world.log.checkpoint(3));
    const { code, out } = await verify('--second-opinion', '--since', since);
    expect(code).toBe(0);
    expect(out).toContain('loan-api');
    expect(out).toMatch(/epoch 1: seq 0 to 3/);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('as JSON, with the log as an option', async () => {
    const { code, out } = await run('log', '--log', log.dir, '--policy', paths.policy, '--json');
    expect(code).toBe(0);
    expect(json(out).producers!.map(({ producer }) => producer)).toStrictEqual(['loan-api']);
  });

  test('lists chain breaks and open intents by their place', async () => {
    const broken = makeWorld();
    const live = broken.stream();
    broken.log.append(live.start());
    broken.log.append(live.intent(broken.deployment));
    broken.log.append(live.heartbeat({ prev: 'ab'.repeat(32) }));
    const copy = emptyFolder();
    publish(broken.log, copy.write);
    const policyFile = copy.write('policy.json', formatPolicy(broken.policy));
    const text = await run('log', copy.dir, '--policy', policyFile);
    const data = await run('log', copy.dir, '--policy', policyFile, '--json');
    expect([text.code, data.code]).toStrictEqual([1, 1]);
    expect(text.out).toMatch(/\bbroken\b/);
    expect(text.out).toContain('      chain break: epoch 1, seq 2, index 6\n');
    expect(text.out).toContain('      open intent: index 5, due 2025-11-26T09:00:00Z\n');
    expect(json(data.out).producers).toMatchObject([
      {
        chainBreaks: 1,
        breaks: [{ epoch: 1, seq: 2, index: 6 }],
        openIntents: 1,
        open: [{ index: 5, due: '2025-11-26T09:00:00Z' }],
      },
    ]);
    copy.remove();
  });

  test('a checkpoint kept before that is of a fork refutes', async () => {
    const fork = makeWorld({ parties: world.parties, witnesses: true });
    const since = write('fork', fork.log.checkpoint(3));
    const { code, out } = await verify('--since', since, '--json');
    expect([code, codes(out, 'refuted')]).toStrictEqual([1, ['log-heads VERIFY_HEAD']]);
  });

  const size = world.log.entries.length;
  const bundle = `tile/entries/000.p/${size}`;
  const tile = `tile/0/000.p/${size}`;
  const spoiled: [string, string, (bytes: Uint8Array) => Uint8Array | null, number, string[]][] = [
    ['entry bundle cut short', bundle, (bytes) => bytes.slice(0, -1), 1, ['log-size VERIFY_TILE']],
    [
      'entry bundle with a byte more',
      bundle,
      (bytes) => new Uint8Array([...bytes, 0]),
      1,
      ['log-size VERIFY_TILE'],
    ],
    ['hash tile cut short', tile, (bytes) => bytes.slice(0, -1), 1, ['log-tiles VERIFY_TILE']],
    [
      'hash tile with a changed bit',
      tile,
      (bytes) => flipped(bytes, 40),
      1,
      ['log-tiles VERIFY_TILE'],
    ],
    [
      'checkpoint with trailing bytes',
      'checkpoint',
      (bytes) => new Uint8Array([...bytes, 10]),
      1,
      ['checkpoint NOTE_MALFORMED'],
    ],
    [
      'checkpoint with a changed bit',
      'checkpoint',
      (bytes) => flipped(bytes, 30),
      1,
      ['checkpoint NOTE_SIGNATURE'],
    ],
    ['checkpoint that is missing', 'checkpoint', () => null, 2, []],
    ['entry bundle that is missing', bundle, () => null, 2, []],
    ['hash tile that is missing', tile, () => null, 2, []],
  ];
  test.each(spoiled)('%s', async (_, name, spoil, want, refused) => {
    const copy = emptyFolder();
    publish(world.log, (path, content) => {
      if (path !== name) return copy.write(path, content);
      const bytes = spoil(content as Uint8Array);
      return bytes === null ? '' : copy.write(path, bytes);
    });
    const bare = { ...policy, witnesses: { quorum: 0, keys: [] } };
    const policyFile = write('bare-policy.json', formatPolicy(bare));
    const { code, out } = await run('log', copy.dir, '--policy', policyFile, '--json');
    expect([code, codes(out, 'refuted')]).toStrictEqual([want, refused]);
    copy.remove();
  });

  test('no log there', async () => {
    const { code, out } = await run(
      'log',
      `${folder.dir}/nowhere`,
      '--policy',
      paths.policy,
      '--json',
    );
    expect([code, codes(out, 'could-not-check')]).toStrictEqual([2, ['input LOG_FETCH']]);
  });
});

describe('verify anchor', () => {
  const log = emptyFolder();
  beforeAll(() => publish(world.log, log.write, world.anchor));
  afterAll(() => log.remove());

  test('without a node is exit 2 and says why', async () => {
    const { code, out } = await run('anchor', log.dir, '--policy', paths.policy, '--json');
    expect(code).toBe(2);
    expect(codes(out, 'could-not-check')).toContain('anchor-log VERIFY_MISSING');
    expect(codes(out, 'refuted')).toStrictEqual([]);
  });

  test.each([
    ['a node of another chain', () => '0x1', 'VERIFY_RPC_CHAIN'],
    ['a node that answers nonsense', () => 'nonsense', 'VERIFY_RPC_ANSWER'],
  ])('%s is exit 2', async (_, answer, want) => {
    const server = await rpcServer(answer);
    const { code, out } = await run(
      'anchor',
      log.dir,
      '--policy',
      paths.policy,
      '--rpc',
      server.url,
      '--json',
    );
    expect([code, codes(out, 'could-not-check')]).toStrictEqual([
      2,
      [`anchor-final ${want}`, `anchor-log ${want}`],
    ]);
    await server.close();
  });
});

describe('input that cannot be used', () => {
  type Case = [string, () => string[], number, string];
  const cases: Case[] = [
    [
      'no receipt there',
      () => ['receipt', `${folder.dir}/none`, '--policy', paths.policy],
      2,
      'input VERIFY_READ',
    ],
    [
      'a folder for a receipt',
      () => ['receipt', folder.dir, '--policy', paths.policy],
      2,
      'input VERIFY_READ',
    ],
    [
      'a receipt that is no JSON',
      () => ['receipt', write('junk', 'x'), '--policy', paths.policy],
      1,
      'input RECEIPT_MALFORMED',
    ],
    [
      'a receipt with a member more',
      () => [
        'receipt',
        write('more', JSON.stringify({ ...receipt, x: 1 })),
        '--policy',
        paths.policy,
      ],
      1,
      'input RECEIPT_MALFORMED',
    ],
    [
      'a receipt that is no text',
      () => ['receipt', write('bytes', new Uint8Array([0xff, 0xfe])), '--policy', paths.policy],
      2,
      'input VERIFY_READ',
    ],
    [
      'a receipt that is too large',
      () => ['receipt', write('large', ' '.repeat(5 * 1024 * 1024)), '--policy', paths.policy],
      2,
      'input VERIFY_READ',
    ],
    [
      'no policy there',
      () => ['receipt', paths.receipt, '--policy', `${folder.dir}/none`],
      2,
      'policy VERIFY_READ',
    ],
    [
      'a policy with a wrong key',
      () => [
        'receipt',
        paths.receipt,
        '--policy',
        write('p1', JSON.stringify({ ...policy, logKeys: ['x+00000000+AAAA'] })),
      ],
      2,
      'policy POLICY_MALFORMED',
    ],
    [
      'a policy with a member more',
      () => [
        'receipt',
        paths.receipt,
        '--policy',
        write('p2', JSON.stringify({ ...policy, trust: 'me' })),
      ],
      2,
      'policy POLICY_MALFORMED',
    ],
    [
      'a policy that names a member twice',
      () => [
        'receipt',
        paths.receipt,
        '--policy',
        write('p3', formatPolicy(policy).replace('{', '{"v":1,')),
      ],
      2,
      'policy POLICY_MALFORMED',
    ],
    [
      'a header that is junk',
      () => ['receipt', '--header', 'A'.repeat(500), '--policy', paths.policy],
      1,
      'input RECEIPT_MALFORMED',
    ],
    [
      'something shown without outcome',
      () => ['receipt', paths.receipt, '--policy', paths.policy, '--shown', write('s', '{}')],
      2,
      'input VERIFY_READ',
    ],
    [
      'something shown that is no JSON',
      () => ['receipt', paths.receipt, '--policy', paths.policy, '--shown', write('s2', 'denied')],
      2,
      'input VERIFY_READ',
    ],
    ...(['log', 'anchor'] as const).flatMap((kind): Case[] => [
      [
        `${kind} without its policy file`,
        () => [kind, folder.dir, '--policy', `${folder.dir}/none`],
        2,
        'policy VERIFY_READ',
      ],
      [
        `${kind} with a policy that is none`,
        () => [kind, folder.dir, '--policy', write('p4', '{}')],
        2,
        'policy POLICY_MALFORMED',
      ],
      [
        `${kind} with another policy`,
        () => [kind, folder.dir, '--policy', paths.policy, '--fingerprint', otherFingerprint],
        1,
        'policy VERIFY_FINGERPRINT',
      ],
      [
        `no ${kind} there`,
        () => [kind, `${folder.dir}/none`, '--policy', paths.policy],
        2,
        'input LOG_FETCH',
      ],
    ]),
    [
      'log with an earlier checkpoint that is none',
      () => {
        publish(world.log, (name, content) => write(`good/${name}`, content));
        const since = write('since-junk', 'x');
        return ['log', `${folder.dir}/good`, '--policy', paths.policy, '--since', since];
      },
      1,
      'input NOTE_MALFORMED',
    ],
  ];
  test.each(cases)('%s', async (_, argv, want, told) => {
    const { code, out, err } = await run(...argv(), '--json');
    expect([code, err]).toStrictEqual([want, '']);
    const { checks } = json(out);
    expect(checks.map(({ id, code: named }) => `${id} ${named}`)).toStrictEqual([told]);
  });

  test('another key of the log in the policy refutes the checkpoint alone', async () => {
    const other = {
      ...policy,
      logKeys: [formatVkey(policy.origin, world.parties.witness.publicKey)],
      witnesses: { quorum: 0, keys: [] },
    };
    const file = write('other-key', JSON.stringify(other));
    const { code, out } = await run(
      'receipt',
      write('no-anchor.json', formatReceipt({ ...receipt, anchor: null })),
      '--policy',
      file,
      '--json',
    );
    expect([code, codes(out, 'refuted')]).toStrictEqual([1, ['checkpoint NOTE_SIGNATURE']]);
  });

  test.each([
    ['no command', []],
    ['an unknown command', ['everything']],
    ['no policy', ['receipt', 'x.json']],
    ['neither receipt nor header', ['receipt', '--policy', 'p']],
    ['both', ['receipt', 'x', '--header', 'y', '--policy', 'p']],
    ['a grade that is none', ['receipt', 'x', '--policy', 'p', '--require', 'certain']],
    ['no log', ['log', '--policy', 'p']],
    ['an unknown option', ['log', 'x', '--policy', 'p', '--trust-me']],
    ...[
      'xyz',
      'SHA256:x',
      `SHA256:${'A'.repeat(44)}`,
      'A'.repeat(43),
      `SHA256:${'-'.repeat(43)}`,
    ].map((given): [string, string[]] => [
      `the fingerprint ${given}`,
      ['receipt', 'x', '--policy', 'p', '--fingerprint', given],
    ]),
    ...['notaurl', 'ws://node', 'file:///etc/passwd', 'https://', ''].map(
      (given): [string, string[]] => [
        `the node ${given}`,
        ['receipt', 'x', '--policy', 'p', '--rpc', given],
      ],
    ),
    ...['ftp://log', 'file:///log', 'https://', 'https://user@log', 'https://log?token=t'].flatMap(
      (given): [string, string[]][] => [
        [`--log ${given}`, ['receipt', 'x', '--policy', 'p', '--log', given]],
        [`the log ${given}`, ['log', given, '--policy', 'p']],
      ],
    ),
  ])('%s is exit 64', async (_, argv) => {
    const { code, out } = await run(...argv);
    expect([code, out]).toStrictEqual([64, '']);
  });

  test('help is exit 0', async () => {
    for (const argv of [
      ['--help'],
      ['receipt', '--help'],
      ['entry', '--help'],
      ['log', '--help'],
      ['anchor', '--help'],
    ]) {
      const { code, out } = await run(...argv);
      expect(code).toBe(0);
      for (const line of out.split('\n'))
        expect([line, line.length <= 80]).toStrictEqual([line, true]);
    }
  });

  test('the version is that of the package', async () => {
    const manifest = new URL('../package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    const said: string[] = [];
    const output = {
      out: (line: string) => said.push(line),
      err: (line: string) => said.push(line),
    };
    expect([await runVerify(['--version'], output), said]).toStrictEqual([0, [version]]);
  });

  test('control characters of untrusted input never reach the terminal', async () => {
    const file = write(
      'escape.json',
      formatReceipt({
        ...receipt,
        openings: [{ ...receipt.openings[0]!, path: ['\u001b[2Joutcome'] }],
      }),
    );
    const { out } = await run('receipt', file, '--policy', paths.policy);
    expect(out).not.toContain('\u001b');
    expect(out).toContain('CLAIM_SLOT');
  });
});

describe('a node that hangs', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test('holds nothing up for longer than its time', async () => {
    const server = await rpcServer(() => hang);
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(50));
    const { code, out } = await run(
      'receipt',
      paths.receipt,
      '--policy',
      paths.policy,
      '--rpc',
      server.url,
      '--json',
    );
    expect([code, codes(out, 'could-not-check')]).toStrictEqual([
      2,
      ['key-revocation VERIFY_MISSING', 'anchor-final VERIFY_RPC_TIMEOUT'],
    ]);
    await server.close();
  });
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice();
  changed[at]! ^= 1;
  return changed;
}

test('the fixture is a decision in the log', () => {
  expect(world.log.leaves().map(toHex)).toContain(toHex(leafHash(world.decision)));
});
