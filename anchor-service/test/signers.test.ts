import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { fromHex, toHex } from '@showcause/core';
import { generateKey, writeKeyFile } from '@showcause/core/node';
import * as fc from 'fast-check';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { parseTransaction, recoverTransactionAddress, recoverTypedDataAddress } from 'viem';
import { ethereumAccount, ethereumAddress } from '../src/chain/accounts.ts';
import { checkpointTypedData } from '../src/chain/typed-data.ts';
import { signerSchema } from '../src/signers/config.ts';
import type { SignerConfig } from '../src/signers/config.ts';
import { externalAccount } from '../src/signers/external-account.ts';
import { makeKeystore } from '../src/signers/keystore.ts';
import { openSigner } from '../src/signers/open.ts';
import type { SignerOptions } from '../src/signers/open.ts';
import { signingSecrets } from '../src/signers/port.ts';
import { newFolder, removeFolders, silent } from './support/log.ts';
import * as v from 'valibot';

afterAll(removeFolders);

const key = generateKey('operator');
const secretHex = toHex(key.secretKey);
const address = ethereumAddress(key.publicKey);
const local = ethereumAccount(key.secretKey);
const stranger = generateKey('operator');

const transaction = {
  type: 'eip1559',
  chainId: 31337,
  nonce: 7,
  to: `0x${'c0'.repeat(20)}`,
  data: '0x1234',
  gas: 100_000n,
  maxFeePerGas: 2_000_000_000n,
  maxPriorityFeePerGas: 1_000_000_000n,
} as const;
const typed = checkpointTypedData(31337, `0x${'c0'.repeat(20)}`, {
  oldSize: 1,
  size: 2,
  root: new Uint8Array(32).fill(7),
});

const code = (name: string): unknown => expect.objectContaining({ code: name });
const config = (of: object): SignerConfig => v.parse(signerSchema, of);
const open = (of: object, more: Partial<SignerOptions> = {}) =>
  openSigner({
    role: 'operator',
    config: config(of),
    keys: newFolder(),
    isDevelopment: false,
    named: address,
    logger: silent,
    ...more,
  });

/** keccak256(preimage) signed by noble, whose answer may be turned to the upper half. */
function signElsewhere(secret: Uint8Array, highS: boolean) {
  return async (preimage: Uint8Array): Promise<Uint8Array> => {
    const { keccak256 } = await import('viem');
    const hash = fromHex(keccak256(preimage).slice(2), 32);
    const bytes = secp256k1.sign(hash, secret, { prehash: false });
    if (!highS) return bytes;
    const { r, s } = secp256k1.Signature.fromBytes(bytes);
    const turned = new secp256k1.Signature(r, secp256k1.Point.CURVE().n - s);
    return turned.toBytes();
  };
}

describe('an account whose key lies elsewhere', () => {
  test.each([false, true])('signs as a key at hand does, high s: %s', async (highS) => {
    const account = externalAccount(address, signElsewhere(key.secretKey, highS));
    expect(await account.signTypedData(typed)).toBe(await local.signTypedData(typed));
    const serialized = await account.signTransaction(transaction);
    expect(serialized).toBe(await local.signTransaction(transaction));
    expect(await recoverTransactionAddress({ serializedTransaction: serialized as never })).toBe(
      local.address,
    );
    expect(await account.signMessage({ message: 'x' })).toBe(
      await local.signMessage({ message: 'x' }),
    );
    expect(parseTransaction(serialized)).toMatchObject({ nonce: 7, chainId: 31337 });
  });

  test('v and low s are right for any key and message', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.boolean(),
        async (root, highS) => {
          const { secretKey, publicKey } = generateKey('countersigner');
          const account = externalAccount(
            ethereumAddress(publicKey),
            signElsewhere(secretKey, highS),
          );
          const data = checkpointTypedData(1, `0x${'11'.repeat(20)}`, {
            oldSize: 1,
            size: 9,
            root,
          });
          const signature = await account.signTypedData(data);
          expect(await recoverTypedDataAddress({ ...data, signature })).toBe(
            ethereumAccount(secretKey).address,
          );
          expect(BigInt(`0x${signature.slice(66, 130)}`) <= secp256k1.Point.CURVE().n / 2n).toBe(
            true,
          );
        },
      ),
      { numRuns: 20 },
    );
  });

  test.each<[string, () => Promise<Uint8Array>]>([
    ['another key', () => signElsewhere(stranger.secretKey, false)(new Uint8Array(3))],
    ['zeros', () => Promise.resolve(new Uint8Array(64))],
    ['ones', () => Promise.resolve(new Uint8Array(64).fill(255))],
    ['65 bytes', () => Promise.resolve(new Uint8Array(65))],
    ['nothing', () => Promise.resolve(new Uint8Array(0))],
  ])('%s for a signature is refused', async (_name, sign) => {
    const account = externalAccount(address, sign);
    await expect(account.signTypedData(typed)).rejects.toThrow(code('SIGNER_ANSWER'));
    await expect(account.signTransaction(transaction)).rejects.toThrow(code('SIGNER_ANSWER'));
  });
});

describe('files', () => {
  test('the key file of the role', async () => {
    const keys = newFolder();
    writeKeyFile(join(keys, 'operator.json'), key, 'pass');
    const { account } = await open({ kind: 'file' }, { keys, passphrase: 'pass' });
    expect(await account.signTypedData(typed)).toBe(await local.signTypedData(typed));
    await expect(open({ kind: 'file' }, { keys, passphrase: 'word' })).rejects.toThrow(
      code('KEY_PASSPHRASE'),
    );
  });

  test('a keystore, its password in a file or the passphrase of the folder', async () => {
    const dir = newFolder();
    const file = join(dir, 'k.json');
    const passwordFile = join(dir, 'password');
    writeFileSync(file, await makeKeystore(key.secretKey, 'pass'), { mode: 0o600 });
    writeFileSync(passwordFile, 'pass\r\n', { mode: 0o600 });
    const ways: [object, Partial<SignerOptions>][] = [
      [{ passwordFile }, {}],
      [{}, { passphrase: 'pass' }],
    ];
    for (const [of, more] of ways)
      expect((await open({ kind: 'keystore', file, ...of }, more)).account.address).toBe(
        local.address,
      );
    await expect(open({ kind: 'keystore', file }, { passphrase: 'word' })).rejects.toThrow(
      code('SIGNER_PASSWORD'),
    );
    writeFileSync(join(dir, 'open.json'), '{}', { mode: 0o644 });
    await expect(
      open({ kind: 'keystore', file: join(dir, 'open.json') }, { passphrase: 'pass' }),
    ).rejects.toThrow(code('SIGNER_KEYSTORE'));
  }, 60_000);

  test('a key of another is a named refusal, whoever names the right one', async () => {
    const keys = newFolder();
    writeKeyFile(join(keys, 'operator.json'), key, 'pass');
    const other = ethereumAddress(stranger.publicKey);
    const more = { keys, passphrase: 'pass' };
    await expect(open({ kind: 'file' }, { ...more, named: other })).rejects.toThrow(
      expect.objectContaining({
        code: 'SIGNER_ADDRESS',
        message: expect.stringContaining(address),
      }),
    );
    await expect(open({ kind: 'file', address: other }, more)).rejects.toThrow(
      code('SIGNER_ADDRESS'),
    );
    // Rotated on the chain since genesis.
    const rotated = { kind: 'file', address: address.toUpperCase().replace('0X', '0x') };
    expect((await open(rotated, { ...more, named: other })).account.address).toBe(local.address);
  });
});

describe('a key from the environment', () => {
  const said: string[] = [];
  const logger = { ...silent, warn: (_f: object, message: string) => void said.push(message) };
  const secrets = signingSecrets('operator', { SHOWCAUSE_OPERATOR_KEY: `0x${secretHex}` });

  test('is for development, and says so loudly', async () => {
    const more = { secrets, logger };
    await expect(open({ kind: 'environment' }, more)).rejects.toThrow(code('SIGNER_DEVELOPMENT'));
    expect(said).toStrictEqual([]);
    const told = await open({ kind: 'environment', development: true }, more);
    const marked = await open({ kind: 'environment' }, { ...more, isDevelopment: true });
    expect([told.account.address, marked.account.address]).toStrictEqual([
      local.address,
      local.address,
    ]);
    expect(said).toStrictEqual([
      expect.stringContaining('FROM THE ENVIRONMENT'),
      expect.stringContaining('FROM THE ENVIRONMENT'),
    ]);
  });

  test.each([
    undefined,
    '',
    secretHex,
    `0x${secretHex}00`,
    `0x${'00'.repeat(32)}`,
    `0x${'ff'.repeat(32)}`,
  ])('a key that is none is refused and not named: %#', async (value) => {
    const env = value === undefined ? {} : { SHOWCAUSE_OPERATOR_KEY: value };
    await expect(
      open(
        { kind: 'environment', development: true },
        { secrets: signingSecrets('operator', env) },
      ),
    ).rejects.toThrow(
      expect.objectContaining({
        code: 'SIGNER_ENVIRONMENT',
        message: expect.not.stringMatching(/[0-9a-f]{60}/),
      }),
    );
  });

  test('each role has a variable of its own', () => {
    expect(signingSecrets('countersigner', { SHOWCAUSE_OPERATOR_KEY: '0x1' })).toStrictEqual({});
    expect(
      signingSecrets('countersigner', {
        SHOWCAUSE_COUNTERSIGNER_KEY: 'a',
        SHOWCAUSE_PKCS11_PIN: 'b',
      }),
    ).toStrictEqual({ key: 'a', pin: 'b' });
  });
});

describe('a remote signer', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  type Answer = (path: string, body: string, response: ServerResponse) => void | Promise<void>;
  async function serve(answer: Answer): Promise<string> {
    const server = createServer((request: IncomingMessage, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => void answer(request.url ?? '', body, response));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const publicKeys = JSON.stringify([
    `0x${toHex(stranger.publicKey)}`,
    `0x${toHex(key.publicKey).toUpperCase()}`,
  ]);
  /** As Web3Signer answers in eth1 mode: text, r ‖ s ‖ v over keccak256(data), v 27 or 28. */
  const honest: Answer = async (path, body, response) => {
    if (path === '/api/v1/eth1/publicKeys') return void response.end(publicKeys);
    expect(path).toBe(`/api/v1/eth1/sign/0x${toHex(key.publicKey)}`);
    const { data } = JSON.parse(body) as { data: `0x${string}` };
    const signature = await signElsewhere(
      key.secretKey,
      false,
    )(fromHex(data.slice(2), data.length / 2 - 1));
    response.end(`0x${toHex(signature)}1b`);
  };
  const remote = async (answer: Answer, more: object = {}) =>
    open({ kind: 'web3signer', url: await serve(answer), timeoutMs: 500, ...more });

  test('signs through the eth1 interface of Web3Signer', async () => {
    const { account } = await remote(honest);
    expect(account.address.toLowerCase()).toBe(address);
    expect(await account.signTypedData(typed)).toBe(await local.signTypedData(typed));
    expect(await account.signTransaction(transaction)).toBe(
      await local.signTransaction(transaction),
    );
  });

  test('has no key of this address', async () => {
    const others: Answer = (_p, _b, response) => void response.end('[]');
    await expect(remote(others)).rejects.toThrow(code('SIGNER_KEY'));
  });

  test('is away at the start, and is asked again with the first signature', async () => {
    let isUp = false;
    const { account } = await remote((path, body, response) =>
      isUp ? honest(path, body, response) : void response.destroy(),
    );
    await expect(account.signTypedData(typed)).rejects.toThrow(code('SIGNER_UNREACHABLE'));
    isUp = true;
    expect(await account.signTypedData(typed)).toBe(await local.signTypedData(typed));
  });

  test.each<[string, string, Answer]>([
    ['an error', 'SIGNER_REFUSED', (_p, _b, r) => void r.writeHead(500).end()],
    ['an unknown key', 'SIGNER_KEY', (_p, _b, r) => void r.writeHead(404).end()],
    ['a redirect', 'SIGNER_REFUSED', (_p, _b, r) => void r.writeHead(307, { location: '/' }).end()],
    ['text', 'SIGNER_ANSWER', (_p, _b, r) => void r.end('no')],
    ['64 bytes', 'SIGNER_ANSWER', (_p, _b, r) => void r.end(`0x${'11'.repeat(64)}`)],
    [
      'the signature of another',
      'SIGNER_ANSWER',
      async (_p, _b, r) => {
        const signature = await signElsewhere(stranger.secretKey, false)(new Uint8Array(1));
        r.end(`0x${toHex(signature)}1b`);
      },
    ],
    [
      'a body without end',
      'SIGNER_ANSWER',
      (_p, _b, r) => {
        const more = (): void => {
          while (!r.destroyed && r.write('x'.repeat(65_536)));
          if (!r.destroyed) r.once('drain', more);
        };
        more();
      },
    ],
    ['nothing', 'SIGNER_UNREACHABLE', () => undefined],
    ['half an answer, then nothing', 'SIGNER_UNREACHABLE', (_p, _b, r) => void r.write('0x')],
    ['a connection that is cut', 'SIGNER_UNREACHABLE', (_p, _b, r) => void r.destroy()],
  ])('%s for a signature: %s', async (_name, wanted, answer) => {
    const { account } = await remote((path, body, response) =>
      path.endsWith('publicKeys') ? honest(path, body, response) : answer(path, body, response),
    );
    await expect(account.signTypedData(typed)).rejects.toThrow(code(wanted));
  });

  test.each(['{}', '[1]', '["0x12"]', '<html>', '["0x', 'null'])(
    'a list of keys that is none: %s',
    async (text) => {
      await expect(remote((_p, _b, response) => void response.end(text))).rejects.toThrow(
        code('SIGNER_ANSWER'),
      );
    },
  );

  test('needs to know the address', async () => {
    await expect(
      open({ kind: 'web3signer', url: 'http://127.0.0.1:1' }, { named: null }),
    ).rejects.toThrow(code('SIGNER_ADDRESS'));
  });

  test('an address with a credential is in no error', async () => {
    const { account } = await open({
      kind: 'web3signer',
      url: 'http://user:hunter2@127.0.0.1:1',
      timeoutMs: 500,
    });
    const error = await account.signTypedData(typed).catch((thrown: unknown) => thrown);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hunter2');
  });
});

describe('the member of a configuration', () => {
  test.each<[string, object]>([
    ['an unknown kind', { kind: 'kms' }],
    ['a member more', { kind: 'file', file: 'x' }],
    ['a keystore without a file', { kind: 'keystore' }],
    ['a key in the configuration', { kind: 'environment', key: `0x${secretHex}` }],
    [
      'a PIN in the configuration',
      { kind: 'pkcs11', module: '/m.so', token: 't', key: 'k', pin: '1' },
    ],
    ['a signer by another protocol', { kind: 'web3signer', url: 'ftp://x' }],
    ['a time without end', { kind: 'web3signer', url: 'http://x', timeoutMs: 1e9 }],
    ['an address that is none', { kind: 'file', address: '0x12' }],
  ])('%s is refused', (_name, of) => {
    expect(v.safeParse(signerSchema, of).success).toBe(false);
  });
});
