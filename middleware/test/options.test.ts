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
import { createAudit, embedded, treeModel } from '../src/index.ts';
import { readRegistry } from '../src/model/reasons.ts';
import type { AuditOptions } from '../src/index.ts';
import { checkOptions } from '../src/check-options.ts';
import { createTestAudit } from '../src/testing.ts';
import { randomId } from '../src/sealing/random.ts';
import { model, modelFile, policy, reasons } from './model.ts';

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
    ['a day and a second to merge', { mergeBySeconds: 86_401 }, 'OPTIONS_VALUE', /mergeBySeconds/],
    ['segments of a byte', { segmentBytes: 1 }, 'OPTIONS_VALUE', /segmentBytes/],
    ['a spool of -1 bytes', { maxSpoolBytes: -1 }, 'OPTIONS_VALUE', /maxSpoolBytes/],
    ['a number as text', { maxSpoolBytes: '65536' }, 'OPTIONS_VALUE', /maxSpoolBytes/],
    ['an unknown sealing', { sealing: 'foo' }, 'OPTIONS_VALUE', /sealing/],
    ['signals by word', { handleSignals: 'x' }, 'OPTIONS_VALUE', /handleSignals/],
    ['development by number', { development: 1 }, 'OPTIONS_VALUE', /development/],
    ['a volatile spool by word', { allowVolatileSpool: 'yes' }, 'OPTIONS_VALUE', /allowVolatile/],
    ['keys by number', { keys: 1 }, 'OPTIONS_VALUE', /keys/],
    ['a passphrase of nothing', { passphrase: '' }, 'OPTIONS_VALUE', /passphrase/],
    [
      "a registrar's passphrase by number",
      { development: true, registrar: './r', registrarPassphrase: 1 },
      'OPTIONS_VALUE',
      /registrarPassphrase/,
    ],
    ['an unknown contact member', { contact: { ...contact, fax: '1' } }, 'OPTIONS_UNKNOWN', /fax/],
    ['a contact by name', { contact: 'Desk' }, 'OPTIONS_VALUE', /contact/],
    ['a phone with markup', { contact: { name: 'D', phone: '<b>' } }, 'OPTIONS_VALUE', /phone/],
    ['pages with more', { pages: { bogus: 1 } }, 'OPTIONS_UNKNOWN', /bogus/],
    ['pages at a number', { pages: { base: 5 } }, 'OPTIONS_VALUE', /pages.base/],
    ['pages at a script', { pages: { base: 'javascript:x' } }, 'OPTIONS_VALUE', /pages.base/],
    ['a code for no day', { pages: { tokenDays: 0 } }, 'OPTIONS_VALUE', /tokenDays/],
    ['pages by path', { pages: '/decisions' }, 'OPTIONS_VALUE', /pages/],
    ['a retention class by number', { retention: { class: 1 } }, 'OPTIONS_VALUE', /class/],
    [
      'a retention by words',
      { retention: { class: 'c', retainUntil: 'soon' } },
      'OPTIONS_VALUE',
      /retainUntil/,
    ],
    [
      'a hold by word',
      { retention: { class: 'c', legalHold: 'no' } },
      'OPTIONS_VALUE',
      /legalHold/,
    ],
    ['retention with more', { retention: { class: 'c', years: 2 } }, 'OPTIONS_UNKNOWN', /years/],
    ['a system without name', { system: {} }, 'OPTIONS_VALUE', /system.name/],
    ['a system without version', { system: { name: 's' } }, 'OPTIONS_VALUE', /system.version/],
    ['a transport without parts', { transport: {} }, 'OPTIONS_VALUE', /transport/],
    ['a transport by name', { transport: 'kafka' }, 'OPTIONS_VALUE', /transport/],
    ['a model without parts', { model: {}, policy }, 'OPTIONS_VALUE', /model/],
    ['reasons by number', { model: model(), policy, reasons: 1 }, 'OPTIONS_VALUE', /reasons/],
    ['reasons of nothing', { model: model(), policy, reasons: {} }, 'OPTIONS_VALUE', /reasons/],
    ['a policy by name', { policy: 'lending' }, 'OPTIONS_VALUE', /policy/],
    ['a policy without id', { policy: { version: '1' } }, 'OPTIONS_VALUE', /policy.id/],
    ['a threshold by word', { policy: { ...policy, approveBelow: 'x' } }, 'OPTIONS_VALUE', /Below/],
    ['an unknown measure', { policy: { ...policy, measure: 'x' } }, 'OPTIONS_VALUE', /measure/],
    ['adverse as a word', { policy: { ...policy, adverse: 'denied' } }, 'OPTIONS_VALUE', /adverse/],
    ['adverse numbers', { policy: { ...policy, adverse: [1] } }, 'OPTIONS_VALUE', /adverse/],
    ['rules by code', { policy: { ...policy, rules: ['R01'] } }, 'OPTIONS_VALUE', /rules/],
    [
      'a team without role',
      { policy: { ...policy, accountable: { team: 'x' } } },
      'OPTIONS_VALUE',
      /role/,
    ],
    ['a halt without source', { halt: {} }, 'OPTIONS_VALUE', /halt.source/],
    ['a halt by function', { halt: { source: () => false } }, 'OPTIONS_VALUE', /halt.source/],
    [
      'a halt polled never',
      { halt: { source: { halted: async () => false }, pollMs: 0 } },
      'OPTIONS_VALUE',
      /pollMs/,
    ],
    [
      'a halt with more',
      { halt: { source: { halted: async () => false }, every: 1 } },
      'OPTIONS_UNKNOWN',
      /every/,
    ],
  ])('%s', (_name, change, code, words) => {
    const options = { ...good, ...change };
    expect(() => checkOptions(options)).toThrow(expect.objectContaining({ code }));
    expect(() => checkOptions(options)).toThrow(words);
  });

  test.each<[string, unknown, string, RegExp]>([
    ['no object', 'x', 'OPTIONS_VALUE', /option/],
    ['an unknown name', { subjekt: () => 'p' }, 'OPTIONS_UNKNOWN', /subjekt/],
    ['a body limit of -1', { maxBodyBytes: -1 }, 'OPTIONS_VALUE', /maxBodyBytes/],
    ['a body limit by word', { maxBodyBytes: 'x' }, 'OPTIONS_VALUE', /maxBodyBytes/],
    ['a subject by name', { subject: 'x' }, 'OPTIONS_VALUE', /subject/],
    ['features by number', { features: 1 }, 'OPTIONS_VALUE', /features/],
    ['an outcome by object', { outcome: {} }, 'OPTIONS_VALUE', /outcome/],
    ['a name by number', { name: 5 }, 'OPTIONS_VALUE', /name/],
    ['no time', { timeoutMs: 0 }, 'OPTIONS_VALUE', /timeoutMs/],
    ['more time than a timer has', { timeoutMs: 2 ** 31 }, 'OPTIONS_VALUE', /timeoutMs/],
    ['an unknown onUnloggable', { onUnloggable: 'x' }, 'OPTIONS_VALUE', /onUnloggable/],
    ['an unknown onUnexplained', { onUnexplained: 'x' }, 'OPTIONS_VALUE', /onUnexplained/],
    ['an unknown onHalt', { onHalt: 'go' }, 'OPTIONS_VALUE', /onHalt/],
    ['an unknown streaming', { streaming: 'x' }, 'OPTIONS_VALUE', /streaming/],
  ])('of a route: %s', async (_name, options, code, words) => {
    const { audit } = await createTestAudit();
    const mount = (): unknown => audit.route(options as object);
    expect(mount).toThrow(expect.objectContaining({ code }));
    expect(mount).toThrow(words);
    await audit.close();
  });

  test.each<[string, object, string]>([
    ['no name', {}, 'OPTIONS_VALUE'],
    ['a subject by name', { name: 'job', subject: 'x' }, 'OPTIONS_VALUE'],
    ['refer, which needs a caller', { name: 'job', onUnexplained: 'refer' }, 'OPTIONS_VALUE'],
    ['an unknown name', { name: 'job', timeoutMs: 5 }, 'OPTIONS_UNKNOWN'],
  ])('of a wrap: %s', async (_name, options, code) => {
    const { audit } = await createTestAudit();
    await expect(audit.wrap(options as never, { value: 1 }, () => 2)).rejects.toMatchObject({
      code,
    });
    await audit.close();
  });

  test('what is whole is taken', () => {
    const whole: AuditOptions = {
      ...good,
      contact: { name: 'Desk', url: 'https://x.example/', email: 'a@x.example', phone: '+1 (5) 5' },
      system: { name: 'api', version: '1' },
      retention: { class: 'c', retainUntil: '2030-01-01', legalHold: false },
      pages: { base: 'https://x.example/decisions/', tokenDays: 1 },
      halt: { source: { halted: () => Promise.resolve(false) }, maxAgeMs: 1, pollMs: 1 },
      transport: embedded({ dir: './log' }),
      model: model(),
      reasons,
      policy,
      sealing: 'inline',
      handleSignals: false,
    };
    expect(checkOptions(whole).pages.base).toBe('https://x.example/decisions');
    expect(checkOptions({ ...good, pages: { base: '' } }).pages.base).toBe('');
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

describe('files that options name', () => {
  const dir = mkdtempSync(join(tmpdir(), 'showcause-option-files-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const tree = { name: 'm', version: '1', perturbation: 'interventional' as const };
  const missing = join(dir, 'nope.json');
  const broken = file('broken.json', '{');
  const twice = file('twice.json', '{"id":"a","id":"b","rows":[]}');

  test.each<[string, RegExp, () => unknown]>([
    ['a model that is not there', /ENOENT.*nope/, () => treeModel({ ...tree, file: missing })],
    [
      'a background that is not there',
      /ENOENT.*nope/,
      () => treeModel({ ...tree, file: modelFile(), background: missing }),
    ],
    [
      'a background that is no JSON',
      /JSON_SYNTAX.*broken/,
      () => treeModel({ ...tree, file: modelFile(), background: broken }),
    ],
    [
      'a background that names a member twice',
      /JSON_DUPLICATE_KEY.*twice/,
      () => treeModel({ ...tree, file: modelFile(), background: twice }),
    ],
    ['reasons that are not there', /ENOENT.*nope/, () => readRegistry(missing)],
    ['reasons that are no JSON', /JSON_SYNTAX.*broken/, () => readRegistry(broken)],
    ['reasons that are a folder', /EISDIR/, () => readRegistry(dir)],
  ])('%s', (_case, words, read) => {
    expect(read).toThrow(expect.objectContaining({ code: 'OPTIONS_FILE' }));
    expect(read).toThrow(words);
  });
});
