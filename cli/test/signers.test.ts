import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { toHex } from '@showcause/core';
import { readKeyFile } from '@showcause/core/node';
import { run, temporaryFolder } from './support.ts';

const root = temporaryFolder();
const bin = fileURLToPath(new URL('../bin/showcause.js', import.meta.url));
const PASSWORD = 'pa55-of-the-keystore';
let made = 0;

interface Setup {
  dir: string;
  /** hex, of the role's key */
  secret: string;
}

async function setup(role: 'operator' | 'countersigner'): Promise<Setup> {
  const dir = join(root, `s${made++}`);
  const ports = ['--port', '0', '--countersigner-port', '0', '--rpc', 'http://127.0.0.1:1'];
  await run(['init', dir, '--origin', 'log.example.org/x', '--chain-id', '31337', ...ports]);
  const keys = join(dir, role === 'operator' ? 'service/keys' : 'countersigner/keys');
  const phrase = readFileSync(join(keys, 'passphrase'), 'utf8').trim();
  return { dir, secret: toHex(readKeyFile(join(keys, `${role}.json`), phrase).secretKey) };
}

function setSigner(file: string, at: 'anchor' | null, signer: object): void {
  const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>;
  if (at === null) config['signer'] = signer;
  else config[at] = { ...config[at], signer };
  writeFileSync(file, JSON.stringify(config));
}

/** Runs the program until it listens; gives all it ever said, and how it stood in the list of processes. */
async function said(argv: string[], env: Record<string, string>): Promise<string> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [bin, ...argv], { env: { PATH, ...env } });
  let text = '';
  const hear = (chunk: Buffer): void => void (text += chunk.toString('utf8'));
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  // Of two that race the loser goes on, and with it the test run: one condition for both.
  await until(() => child.exitCode !== null || text.includes('"listening"'));
  const listing = join('/proc', String(child.pid), 'cmdline');
  if (child.exitCode === null && existsSync(listing)) text += readFileSync(listing, 'utf8');
  child.kill('SIGTERM');
  await ended;
  return text;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}

describe('keys of a signer are seen nowhere', () => {
  test.each(['operator', 'countersigner'] as const)(
    '%s from the environment and from a keystore',
    async (role) => {
      const { dir, secret } = await setup(role);
      const [command, folder, at] =
        role === 'operator'
          ? (['serve', 'service', 'anchor'] as const)
          : (['countersign', 'countersigner', null] as const);
      const config = join(dir, folder, 'config.json');
      const argv = [command, '--config', config];
      const variable = `SHOWCAUSE_${role.toUpperCase()}_KEY`;

      setSigner(config, at, { kind: 'environment', development: true });
      const dev = await said(argv, { [variable]: `0x${secret}` });
      expect(dev).toContain('listening');
      expect(dev).toContain('FROM THE ENVIRONMENT');
      const broken = await said(argv, { [variable]: secret });
      expect(broken).toContain('SIGNER_ENVIRONMENT');

      const password = join(dir, 'password');
      writeFileSync(password, PASSWORD, { mode: 0o600 });
      const key = join(dir, folder, 'keys', `${role}.json`);
      const out = join(dir, folder, 'operator.keystore');
      await run(['keys', 'export', key, '--out', out, '--password-file', password]);
      const signer = { kind: 'keystore', file: './operator.keystore', passwordFile: '../password' };
      setSigner(config, at, signer);
      const held = await said(argv, {});
      expect(held).toContain('listening');
      setSigner(config, at, { ...signer, address: `0x${'12'.repeat(20)}` });
      const other = await said(argv, {});
      expect(other).toContain('SIGNER_ADDRESS');

      for (const text of [dev, broken, held, other]) {
        expect(text.toLowerCase()).not.toContain(secret);
        expect(text).not.toContain(PASSWORD);
      }
      const shown = await run([...argv, '--print-config']);
      expect(shown.out + shown.err).not.toContain(PASSWORD);
    },
    120_000,
  );
});
