import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import {
  encodeEntry,
  formatSignature,
  formatVkey,
  leafHash,
  parseEntryOf,
  registrarMessage,
  toHex,
} from '@showcause/core';
import type { EntryOf, JsonObject } from '@showcause/core';
import {
  ed25519KeySigner,
  ensurePassphraseFile,
  loadOrCreateKey,
  writeFileDurably,
} from '@showcause/core/node';
import { createAudit } from '../src/index.ts';
import type { AuditOptions } from '../src/index.ts';
import { checkOptions } from '../src/options.ts';
import { randomId } from '../src/sealing/random.ts';
import { model, policy, reasons } from './model.ts';

const contact = { name: 'Desk', email: 'desk@lender.example' };
const good: AuditOptions = { producer: 'api', keys: './keys', spool: './spool', contact };

describe('options are checked at construction, in their own words', () => {
  test.each<[string, object, string, RegExp]>([
    ['no producer', { producer: undefined }, 'OPTIONS_REQUIRED', /producer/],
    ['a producer in capitals', { producer: 'API' }, 'OPTIONS_VALUE', /producer/],
    ['no keys', { keys: undefined }, 'OPTIONS_REQUIRED', /keys/],
    ['an empty spool', { spool: '' }, 'OPTIONS_VALUE', /spool/],
    ['no contact', { contact: undefined }, 'OPTIONS_REQUIRED', /contact/],
    ['a contact nobody reaches', { contact: { name: 'Desk' } }, 'OPTIONS_VALUE', /reachable/],
    [
      'a contact with a script as URL',
      { contact: { name: 'x', url: 'javascript:alert(1)' } },
      'OPTIONS_VALUE',
      /contact.url/,
    ],
    ['an unknown name', { spoool: './x' }, 'OPTIONS_UNKNOWN', /spoool/],
    ['a model without policy', { model: model() }, 'OPTIONS_REQUIRED', /policy/],
    ['reasons without model', { reasons }, 'OPTIONS_REQUIRED', /model/],
    [
      'two thresholds',
      { model: model(), policy: { ...policy, approveAtLeast: 1 } },
      'OPTIONS_VALUE',
      /approveBelow/,
    ],
    ['development without registrar', { development: true }, 'OPTIONS_REQUIRED', /registrar/],
    ['a registrar in production', { registrar: './registrar' }, 'OPTIONS_VALUE', /registrar/],
    [
      'a heartbeat of half a second',
      { heartbeatSeconds: 0.5 },
      'OPTIONS_VALUE',
      /heartbeatSeconds/,
    ],
  ])('%s', (_name, change, code, words) => {
    const options = { ...good, ...change };
    expect(() => checkOptions(options)).toThrow(expect.objectContaining({ code }));
    expect(() => checkOptions(options)).toThrow(words);
  });

  test('defaults', () => {
    expect(checkOptions(good)).toMatchObject({
      heartbeatSeconds: 60,
      mergeBySeconds: 86_400,
      pages: { base: '/decisions', tokenDays: 90 },
    });
  });
});

describe('keys and deployment in folders', () => {
  const dir = mkdtempSync(join(tmpdir(), 'showcause-options-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const keys = join(dir, 'keys');
  const registrar = join(dir, 'registrar');

  function setUp(): void {
    const registrarKey = loadOrCreateKey(registrar, 'registrar', ensurePassphraseFile(registrar));
    const secret = ensurePassphraseFile(keys);
    const producer = loadOrCreateKey(keys, 'producer', secret);
    loadOrCreateKey(keys, 'store', secret);
    const log = loadOrCreateKey(join(dir, 'log'), 'log', ensurePassphraseFile(join(dir, 'log')));
    const origin = 'log.test/options';
    const genesis = encodeEntry({
      v: 1,
      type: 'genesis',
      id: randomId(),
      time: '2026-01-01T00:00:00Z',
      origin,
      log: formatVkey(origin, log.publicKey),
      registrar: toHex(registrarKey.publicKey),
      contract: null,
    });
    const unsigned: JsonObject = {
      v: 1,
      type: 'key',
      id: randomId(),
      time: '2026-01-01T00:00:00Z',
      action: 'add',
      producer: 'api',
      key: toHex(producer.publicKey),
      types: ['stream', 'heartbeat', 'intent', 'decision', 'followup', 'gap'],
    };
    const sig = formatSignature(
      ed25519KeySigner(registrarKey)(registrarMessage(leafHash(genesis), unsigned)),
    );
    writeFileDurably(join(keys, 'genesis.entry'), genesis);
    writeFileDurably(
      join(keys, 'key.entry'),
      encodeEntry({ ...unsigned, sig } as unknown as EntryOf<'key'>),
    );
  }

  test('an incomplete folder is named', async () => {
    await expect(createAudit({ ...good, keys, spool: join(dir, 'spool') })).rejects.toMatchObject({
      code: 'KEYS_FOLDER',
    });
    setUp();
  });

  test("without the registrar's signature it does not start, and says the command", async () => {
    const started = createAudit({ ...good, keys, spool: join(dir, 'spool') });
    await expect(started).rejects.toMatchObject({ code: 'DEPLOYMENT_UNSIGNED' });
    await expect(started).rejects.toThrow(
      /showcause deployment sign .*deployment\.unsigned\.json --registrar DIR/,
    );
    const unsigned = JSON.parse(readFileSync(join(keys, 'deployment.unsigned.json'), 'utf8')) as {
      facts: object;
    };
    expect(unsigned).toMatchObject({ type: 'deployment', producer: 'api', development: false });
    expect(unsigned).not.toHaveProperty('sig');
  });

  test('in development it signs by itself, the entry says so, the next start finds it, production does not take it', async () => {
    const spool = join(dir, 'spool');
    const options = {
      ...good,
      keys,
      spool,
      development: true,
      registrar,
      allowVolatileSpool: true,
    };
    const first = await createAudit(options);
    const { deployment } = first.status();
    await first.close();
    const second = await createAudit(options);
    expect(second.status().deployment).toBe(deployment);
    await second.close();
    await expect(
      createAudit({ ...good, keys, spool, allowVolatileSpool: true }),
    ).rejects.toMatchObject({
      code: 'DEPLOYMENT_UNSIGNED',
      got: 'an entry that was signed for development',
    });
  });

  test('another producer name, and a key entry for another key, are refused', async () => {
    await expect(
      createAudit({ ...good, producer: 'other', keys, spool: join(dir, 's2') }),
    ).rejects.toMatchObject({ code: 'KEYS_ENTRY' });
    const entry = parseEntryOf('key', new Uint8Array(readFileSync(join(keys, 'key.entry'))));
    writeFileSync(join(keys, 'key.entry'), encodeEntry({ ...entry, key: 'ab'.repeat(64) }));
    await expect(createAudit({ ...good, keys, spool: join(dir, 's3') })).rejects.toMatchObject({
      code: 'REGISTRAR_SIGNATURE',
    });
  });
});
