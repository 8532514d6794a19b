import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PartError } from './errors.ts';
import { cacheFolder, findProgram } from './find.ts';
import { freePort } from './ports.ts';
import { Processes } from './process.ts';
import type { RunningProcess } from './process.ts';

const VERSITYGW = '1.8.0';
const MOTO = '5.2.5';
const S3RVER = '3.7.1';
const BUCKET = 'showcause';
const REGION = 'us-east-1';
/** s3rver knows no other. */
const ACCESS_KEY_ID = 'S3RVER';
const SECRET_ACCESS_KEY = 'S3RVER';
const READY_WITHIN_MS = 30_000;

/**
 * `versitygw` keeps objects as files and asks for signatures; `moto` keeps them in memory and lets everybody in; `s3rver`
 * takes no notice of `If-None-Match`: a liar to be found out, for nothing else.
 */
export type S3Server = 'versitygw' | 'moto' | 's3rver';

export interface S3 {
  server: S3Server;
  /** `http://127.0.0.1:port`, buckets by path */
  endpoint: string;
  port: number;
  region: string;
  /** there and empty */
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** versitygw: a folder for each bucket, a file for each object; start again with it and with `port` to go on */
  dir: string;
  pid: number;
  /** Ends it; removes a folder that it made. */
  stop(): Promise<void>;
  /** kill -9; what versitygw holds stays. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: a store that is there and does not answer. */
  freeze(): void;
  thaw(): void;
}

export interface S3Options {
  /** default: versitygw where it is or can be built, else moto */
  server?: S3Server;
  /** default: a temporary one */
  dir?: string;
  port?: number;
  /** who ends it with us; default: a group of its own */
  processes?: Processes;
}

/** The server that {@link startS3} would take: there already, or Go or Python is, to fetch it with. */
export function s3Available(): S3Server | null {
  if (existsSync(versitygwPath()) || findProgram('go') !== null) return 'versitygw';
  return existsSync(motoPath()) || findProgram('python3') !== null ? 'moto' : null;
}

/**
 * One S3-compatible server with one bucket on a free port of 127.0.0.1. Both give a conditional write to one of many
 * writers alone.
 * @throws {PartError} `PART_MISSING`, `PROCESS_FAILED`
 */
export async function startS3(options: S3Options = {}): Promise<S3> {
  const server = options.server ?? s3Available();
  if (server === null) throw new PartError('PART_MISSING', { got: 'neither go nor python3 here' });
  const { program, args } = programs[server];
  const command = program();
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'showcause-s3-'));
  const port = options.port ?? (await freePort());
  const processes = options.processes ?? new Processes();
  mkdirSync(join(dir, 'data', BUCKET), { recursive: true });
  const running = await processes.start({
    name: server,
    command,
    args: args(port, dir),
    env: { ROOT_ACCESS_KEY: ACCESS_KEY_ID, ROOT_SECRET_KEY: SECRET_ACCESS_KEY, HOME: dir, PATH },
    logFile: join(dir, `${server}.log`),
  });
  const endpoint = `http://127.0.0.1:${port}`;
  await answers(endpoint, running);
  // versitygw takes a folder for a bucket; moto has to be told, and does not ask who tells.
  if (server === 'moto') await fetch(`${endpoint}/${BUCKET}`, { method: 'PUT' });
  return {
    server,
    endpoint,
    port,
    region: REGION,
    bucket: BUCKET,
    accessKeyId: ACCESS_KEY_ID,
    secretAccessKey: SECRET_ACCESS_KEY,
    dir,
    pid: running.pid,
    async stop() {
      await processes.stop(running, 3_000);
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    },
    async kill() {
      processes.expectExit(running);
      running.signal('SIGKILL');
      await running.exited;
    },
    freeze: () => running.signal('SIGSTOP'),
    thaw: () => running.signal('SIGCONT'),
  };
}

/** Where `node` is, for a script that asks for it. */
const PATH = dirname(process.execPath);

const programs: Record<
  S3Server,
  { program: () => string; args: (port: number, dir: string) => string[] }
> = {
  versitygw: {
    program: fetchVersitygw,
    args: (port, dir) => {
      const general = ['--port', `127.0.0.1:${port}`, '--region', REGION, '--quiet'];
      return [...general, '--keep-alive', '--health', '/health', 'posix', join(dir, 'data')];
    },
  },
  moto: { program: fetchMoto, args: (port) => ['-H', '127.0.0.1', '-p', String(port)] },
  s3rver: {
    program: fetchS3rver,
    args: (port, dir) => {
      const place = ['-d', join(dir, 'data'), '-a', '127.0.0.1', '-p', String(port)];
      return [...place, '--configure-bucket', BUCKET];
    },
  },
};

/** Any answer will do: both give one as soon as they serve. */
async function answers(endpoint: string, running: RunningProcess): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (running.exit() === null && Date.now() < deadline) {
    try {
      const response = await fetch(`${endpoint}/health`, { signal: AbortSignal.timeout(2_000) });
      return void (await response.arrayBuffer());
    } catch {
      await delay(50);
    }
  }
  running.signal('SIGKILL');
  throw new PartError('PROCESS_FAILED', {
    got: `no answer from ${running.name} (log: ${running.logFile})`,
  });
}

function versitygwPath(): string {
  return join(cacheFolder, 'versitygw', VERSITYGW, 'versitygw');
}

/** Built from the Go module proxy once; complete or not there. */
function fetchVersitygw(): string {
  const program = versitygwPath();
  if (existsSync(program)) return program;
  const go = findProgram('go');
  if (go === null) throw new PartError('PART_MISSING', { got: 'no go on the PATH' });
  const module = `github.com/versity/versitygw/cmd/versitygw@v${VERSITYGW}`;
  fetchInto(join(program, '..'), (work) => {
    const command = [`GOBIN=${work}`, go, 'install', module];
    return spawnSync('env', command, { stdio: 'ignore', timeout: 600_000 }).status;
  });
  return program;
}

function motoPath(): string {
  return join(cacheFolder, 'moto', MOTO, 'bin', 'moto_server');
}

/** From PyPI once, into an environment of its own. A virtual environment cannot be moved, so it is made where it stays. */
function fetchMoto(): string {
  const program = motoPath();
  if (existsSync(program)) return program;
  const python = findProgram('python3');
  if (python === null) throw new PartError('PART_MISSING', { got: 'no python3 on the PATH' });
  const dir = join(cacheFolder, 'moto', MOTO);
  const options = { stdio: 'ignore', timeout: 300_000 } as const;
  const made = spawnSync(python, ['-m', 'venv', dir], options);
  const packages = [`moto==${MOTO}`, 'flask', 'flask-cors', 'py_partiql_parser'];
  const pip = ['-m', 'pip', 'install', '--quiet', ...packages];
  const installed = made.status === 0 ? spawnSync(join(dir, 'bin', 'python'), pip, options) : made;
  if (installed.status === 0 && existsSync(program)) return program;
  rmSync(dir, { recursive: true, force: true });
  throw new PartError('PROCESS_FAILED', { got: `exit code ${installed.status} from pip` });
}

/** From npm once. */
function fetchS3rver(): string {
  const dir = join(cacheFolder, 's3rver', S3RVER);
  fetchInto(dir, (work) => {
    const args = ['install', '--prefix', work, '--ignore-scripts', '--no-audit', '--no-fund'];
    return spawnSync('npm', [...args, `s3rver@${S3RVER}`], { stdio: 'ignore' }).status;
  });
  return join(dir, 'node_modules', '.bin', 's3rver');
}

function fetchInto(dir: string, fill: (work: string) => number | null): void {
  if (existsSync(dir)) return;
  mkdirSync(join(dir, '..'), { recursive: true });
  const work = mkdtempSync(join(dir, '..', 'fetch-'));
  try {
    const status = fill(work);
    if (status !== 0)
      throw new PartError('PROCESS_FAILED', { got: `exit code ${status} fetching ${dir}` });
    if (!existsSync(dir)) renameSync(work, dir);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
