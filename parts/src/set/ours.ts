import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PartError } from '../errors.ts';
import { listeningLine } from '../process.ts';
import type { Processes, RunningProcess } from '../process.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
/** The `showcause` command, the same file that npm links. */
export const showcauseBin = join(repository, 'cli/bin/showcause.js');
export const loanApiMain = join(repository, 'examples/loan-api/dist/main.js');

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where our own processes are started, and what they see. */
export interface Place {
  processes: Processes;
  env: Environment;
  /** log files of each */
  logs: string;
}

/** Runs `showcause …` to its end. @throws {PartError} `PROCESS_FAILED` */
export function runShowcause(args: readonly string[], env: Environment): void {
  const { status, stderr } = spawnSync(process.execPath, [showcauseBin, ...args], {
    env,
    encoding: 'utf8',
  });
  if (status !== 0)
    throw new PartError('PROCESS_FAILED', {
      got: `exit ${status} of showcause ${args[0]}: ${stderr.trim().slice(0, 400)}`,
    });
}

const commands = { service: 'serve', countersigner: 'countersign' } as const;

/** The service or countersigner of a folder that `showcause init` made, ready to answer. */
export function startShowcause(
  { processes, env, logs }: Place,
  party: keyof typeof commands,
  parties: string,
): Promise<RunningProcess> {
  return processes.start({
    name: `showcause ${commands[party]}`,
    command: process.execPath,
    args: [showcauseBin, commands[party], '--config', join(parties, party, 'config.json')],
    env,
    logFile: join(logs, `${party}.log`),
    ready: listeningLine,
  });
}

export interface LoanApiOptions {
  /** folder that `showcause init` made */
  parties: string;
  /** folder or address of the published log */
  log: string;
  /** null: the service reads the spool itself */
  kafka: { brokers: readonly string[]; topic: string } | null;
  /** default: a free one */
  port?: number;
}

export function startLoanApi(
  { processes, env, logs }: Place,
  { parties, log, kafka, port = 0 }: LoanApiOptions,
): Promise<RunningProcess> {
  const broker = kafka === null ? [] : ['--kafka', kafka.brokers.join(','), '--topic', kafka.topic];
  return processes.start({
    name: 'loan API',
    command: process.execPath,
    args: [
      loanApiMain,
      ...['--keys', join(parties, 'producer/keys')],
      ...['--spool', join(parties, 'producer/spool')],
      ...['--registrar', join(parties, 'registrar')],
      ...['--log', log],
      ...['--port', `${port}`],
      // Nothing here outlives the set, so that it also runs in a container's own file system.
      '--volatile',
      ...broker,
    ],
    env,
    logFile: join(logs, 'loan-api.log'),
    ready: listeningLine,
  });
}
