import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { PartError } from './errors.ts';
import { unwatch, watchOver } from './reaper.ts';

export interface ProcessOptions {
  /** for messages */
  name: string;
  command: string;
  args: readonly string[];
  cwd?: string;
  /** the whole environment of the process */
  env: Readonly<Record<string, string | undefined>>;
  /** both outputs are appended to it */
  logFile: string;
  /** reads one line of standard output; not null: the process is ready, and this is where it listens */
  ready?: (line: string) => string | null;
  readyWithinMs?: number;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** One process of our own, with its log file. */
export interface RunningProcess {
  name: string;
  pid: number;
  logFile: string;
  /** where it listens, as it said itself; empty where it says nothing */
  listening: string;
  exited: Promise<Exit>;
  /** null while it runs */
  exit(): Exit | null;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL when that takes too long. */
  stop(withinMs?: number): Promise<Exit>;
}

const DEFAULT_READY_MS = 30_000;
const DEFAULT_STOP_MS = 10_000;

/** Readiness of our own services: one JSON line `{"listening":"http://…"}`. */
export function listeningLine(line: string): string | null {
  if (!line.startsWith('{')) return null;
  try {
    const value = JSON.parse(line) as { listening?: unknown };
    return typeof value.listening === 'string' ? value.listening : null;
  } catch {
    return null;
  }
}

const groups = new Set<Processes>();
process.once('exit', () => {
  for (const group of groups) group.killAll();
});

/**
 * Processes that end with us: whichever way this process exits, none of them stays.
 * `failure` rejects when one ends that nobody stopped.
 */
export class Processes {
  readonly #running = new Set<RunningProcess>();
  readonly #stopping = new Set<number>();
  readonly failure: Promise<never>;
  #fail!: (error: PartError) => void;

  constructor() {
    this.failure = new Promise((_, reject) => (this.#fail = reject));
    this.failure.catch(() => undefined);
    groups.add(this);
  }

  /** @throws {PartError} `PROCESS_FAILED` when it ends or says nothing before it is ready */
  async start(options: ProcessOptions): Promise<RunningProcess> {
    const running = await startProcess(options, (child) => this.#running.add(child));
    void running.exited.then((exit) => {
      this.#running.delete(running);
      if (this.#stopping.has(running.pid)) return;
      this.#fail(failed(running.name, running.logFile, describeExit(exit)));
    });
    return running;
  }

  /** Ends one and waits for it; its end is then no failure. */
  async stop(running: RunningProcess, withinMs?: number): Promise<Exit> {
    this.expectExit(running);
    return running.stop(withinMs);
  }

  /** Says that its end will be no failure. */
  expectExit(running: RunningProcess): void {
    this.#stopping.add(running.pid);
  }

  /** Ends all that still run, newest first, so that nobody writes to one that is gone. */
  async stopAll(): Promise<void> {
    for (const running of [...this.#running].reverse()) await this.stop(running);
  }

  killAll(): void {
    for (const running of this.#running) {
      this.#stopping.add(running.pid);
      running.signal('SIGKILL');
    }
  }
}

async function startProcess(
  options: ProcessOptions,
  started: (running: RunningProcess) => void,
): Promise<RunningProcess> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a');
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', log],
  });
  const exited = exitOf(child);
  if (child.pid !== undefined) watchOver(child.pid);
  void exited.then(() => {
    closeSync(log);
    if (child.pid !== undefined) unwatch(child.pid);
  });
  let exit: Exit | null = null;
  void exited.then((value) => (exit = value));
  const running: RunningProcess = {
    name: options.name,
    pid: child.pid ?? 0,
    logFile: options.logFile,
    listening: '',
    exited,
    exit: () => exit,
    signal: (signal) => void child.kill(signal),
    async stop(withinMs = DEFAULT_STOP_MS) {
      // A stopped process does not hear SIGTERM.
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
      const end = await exited;
      clearTimeout(timer);
      return end;
    },
  };
  started(running);
  running.listening = await readiness(child, log, options, exited);
  return running;
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }));
    // `close` and not `exit`: the last line of output has then been written.
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

function readiness(
  child: ChildProcess,
  log: number,
  options: ProcessOptions,
  exited: Promise<Exit>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const give = (why: string): void => reject(failed(options.name, options.logFile, why));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      give('nothing in time');
    }, options.readyWithinMs ?? DEFAULT_READY_MS);
    const settle = (where: string): void => {
      clearTimeout(timer);
      resolve(where);
    };
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on('line', (line) => {
        writeSync(log, `${line}\n`);
        const where = options.ready?.(line) ?? null;
        if (where !== null) settle(where);
      });
    void exited.then((exit) => {
      clearTimeout(timer);
      give(`${describeExit(exit)} before it was ready`);
    });
    if (options.ready === undefined) child.once('spawn', () => settle(''));
  });
}

function failed(name: string, logFile: string, got: string): PartError {
  return new PartError('PROCESS_FAILED', { got: `${got} from ${name} (log: ${logFile})` });
}

function describeExit({ code, signal }: Exit): string {
  if (signal !== null) return `an end by ${signal}`;
  return code === null ? 'no start' : `exit code ${code}`;
}
