import { existsSync } from 'node:fs';
import { CodedError, parsePolicy, policyFingerprint } from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import { directoryLog, httpLog } from '@showcause/core/node';
import type { LogReader } from '@showcause/core/node';
import { VerdictExit } from '@showcause/verify/command';
import { Command, InvalidArgumentError } from 'commander';
import { CliError } from '../errors.ts';
import { readInput, readText } from '../files.ts';
import { exitCodes, readers } from '../io.ts';
import type { Io } from '../io.ts';
import { actLine, drainLine, inspectionLines, reportLines } from './spool-text.ts';

interface JsonOption {
  json?: boolean;
}

interface VerifyOptions extends JsonOption {
  policy?: string;
  key?: string;
}

interface DrainOptions extends JsonOption {
  log: string;
  policy: string;
  tokenFile?: string;
  timeout: number;
}

const EXAMPLES = '\nExamples:\n';

/** `showcause spool inspect|verify|repair|drain DIR`: a producer's own disk, without its keys. */
export function spoolCommand(io: Io): Command {
  return new Command('spool')
    .helpGroup(readers.operator)
    .summary("inspect, verify, repair or drain a producer's spool")
    .description(
      "A producer's spool: what it promised, on its own disk. Nothing is opened, no key is needed, and no output holds " +
        'anything about a person.',
    )
    .addCommand(inspectCommand(io))
    .addCommand(verifySpoolCommand(io))
    .addCommand(repairCommand(io))
    .addCommand(drainCommand(io));
}

function inspectCommand(io: Io): Command {
  return new Command('inspect')
    .summary('show what lies in a spool folder')
    .description(
      'Shows each segment by its records, who holds the lock, what was set aside, and how much disk is left. ' +
        'Writes nothing, and may be run beside the producer.',
    )
    .argument('<dir>', "the producer's spool folder")
    .option('--json', 'one JSON document instead of text')
    .addHelpText('after', `${EXAMPLES}  showcause spool inspect ./spool`)
    .action(async (dir: string, { json }: JsonOption) => {
      const { inspectSpool, nodeDisk } = await import('@showcause/middleware');
      await eachSpool(io, dir, json === true, (at, told) => {
        const found = inspectSpool(nodeDisk, at);
        if (json === true) told.out(JSON.stringify(found, null, 2));
        else for (const line of inspectionLines(found)) told.out(line);
      });
    });
}

function verifySpoolCommand(io: Io): Command {
  return new Command('verify')
    .summary('check every record, entry, hash and promise')
    .description(
      'Checks checksums, entries, sealed payloads, sequence, hash chain, promises and signatures of all segments. ' +
        'The key is that of the registration in the spool; with --policy its registrar must have signed it.',
    )
    .argument('<dir>', "the producer's spool folder")
    .option('--policy <file>', 'trust policy: whose registrar and which log')
    .option('--key <file>', "the producer's key.entry, where the spool has none any more")
    .option('--json', 'one JSON document instead of text')
    .addHelpText(
      'after',
      `
Exit codes: 0 all asked checks passed, 1 something is wrong, 2 could not check,
64 usage.
${EXAMPLES}  showcause spool verify ./spool --policy policy.json`,
    )
    .action((dir: string, options: VerifyOptions) =>
      eachSpool(io, dir, options.json === true, (at, told) => runVerify(told, at, options)),
    );
}

function repairCommand(io: Io): Command {
  return new Command('repair')
    .summary('cut torn tails, set damage aside')
    .description(
      'Says what a start of the producer would mend, and with --write does it: a torn tail is cut, a damaged segment is ' +
        'copied to quarantine and its good records stay. Nothing is deleted, and nothing is promised: that is for the ' +
        'producer, at its next start. Refuses while a process holds the spool.',
    )
    .argument('<dir>', "the producer's spool folder")
    .option('--write', 'do it; without this nothing is written')
    .option('--json', 'one JSON document instead of text')
    .addHelpText('after', `${EXAMPLES}  showcause spool repair ./spool --write`)
    .action((dir: string, options: JsonOption & { write?: boolean }) =>
      eachSpool(io, dir, options.json === true, (at, told) => runRepair(told, at, options)),
    );
}

function drainCommand(io: Io): Command {
  return new Command('drain')
    .summary('wait until the log includes everything')
    .description(
      'Waits until every entry of the spool is under a signed checkpoint of the log. Reads the whole log, computes its ' +
        'root and compares it with the checkpoint. To be run before a spool folder or its machine goes away.',
    )
    .argument('<dir>', "the producer's spool folder")
    .requiredOption('--log <dir|url>', 'the published log')
    .requiredOption('--policy <file>', 'trust policy: whose checkpoints count')
    .option('--token-file <file>', "reader's token of a log that is not public")
    .option('--timeout <seconds>', 'give up after so long', seconds, 60)
    .option('--json', 'one JSON document instead of text')
    .addHelpText(
      'after',
      `
Exit codes: 0 all of it is in the log, 1 the log contradicts itself, 2 not yet,
64 usage.
${EXAMPLES}  showcause spool drain ./spool --log ./log --policy policy.json`,
    )
    .action((dir: string, options: DrainOptions) =>
      eachSpool(io, dir, options.json === true, (at, told) => runDrain(told, at, options)),
    );
}

/**
 * Does it with the spool of each worker where a folder holds several: the worst of their exits is the command's, and
 * JSON is one list.
 */
async function eachSpool(
  io: Io,
  dir: string,
  json: boolean,
  run: (dir: string, io: Io) => Promise<void> | void,
): Promise<void> {
  const { nodeDisk, spoolFolders } = await import('@showcause/middleware');
  const found = spoolFolders(nodeDisk, folder(dir));
  if (found.length === 1) return run(found[0]!, io);
  const documents: string[] = [];
  const told: Io = json ? { ...io, out: (text) => void documents.push(text) } : io;
  let exit: VerdictExit | null = null;
  for (const at of found)
    try {
      if (!json) io.out(`${at}:`);
      await run(at, told);
    } catch (error) {
      if (!(error instanceof VerdictExit)) throw error;
      if (exit === null || error.exitCode === 1) exit = error;
    }
  if (json) io.out(`[${documents.join(',\n')}]`);
  if (exit !== null) throw exit;
}

async function runVerify(io: Io, dir: string, options: VerifyOptions): Promise<void> {
  const { nodeDisk, verifySpool } = await import('@showcause/middleware');
  const policy = options.policy === undefined ? undefined : givenPolicy(io, options.policy);
  const report = verifySpool(nodeDisk, dir, {
    ...(policy === undefined ? {} : { policy }),
    ...(options.key === undefined ? {} : { keyEntry: readInput(options.key) }),
    onSegment: (done, of) => {
      if (of > 1 && options.json !== true) io.err(`${done} of ${of} segments read`);
    },
  });
  const exitCode = { verified: 0, refuted: 1, 'could-not-check': 2 }[report.verdict];
  if (options.json === true) io.out(JSON.stringify({ ...report, exitCode }, null, 2));
  else {
    if (policy !== undefined) io.out(`policy ${policyFingerprint(policy)}`);
    for (const line of reportLines(report)) io.out(line);
  }
  if (exitCode !== 0) throw new VerdictExit(exitCode as 1 | 2);
}

async function runRepair(
  io: Io,
  dir: string,
  { write, json }: JsonOption & { write?: boolean },
): Promise<void> {
  const { nodeDisk, planRepair, repairSpool } = await import('@showcause/middleware');
  const acts: { kind: string; segment: string }[] = [];
  const work = write === true ? repairSpool : planRepair;
  const count = work(nodeDisk, dir, {
    onAct: (act) => {
      if (json !== true) io.out(actLine(act));
      const { bytes, ...facts } = act as typeof act & { bytes?: unknown };
      acts.push({ ...facts, ...(typeof bytes === 'number' ? { bytes } : {}) });
    },
  });
  if (json === true) return io.out(JSON.stringify({ written: write === true, acts }, null, 2));
  if (count === 0) io.out('nothing to repair');
  else if (write !== true) io.out(`to do: ${count}; --write does it`);
  else io.out(`done: ${count}; the next start promises what no promise covers`);
}

async function runDrain(io: Io, dir: string, options: DrainOptions): Promise<void> {
  const { drainSpool, nodeDisk } = await import('@showcause/middleware');
  const policy = givenPolicy(io, options.policy);
  let told = '';
  const state = await drainSpool(nodeDisk, dir, {
    log: logAt(options),
    policy,
    timeoutMs: options.timeout * 1000,
    signal: io.signal,
    onProgress: (now) => {
      const line = drainLine(now);
      if (line !== told && options.json !== true) io.err(line);
      told = line;
    },
  });
  const exitCode = state.drained ? exitCodes.done : exitCodes.couldNot;
  if (options.json === true) io.out(JSON.stringify({ ...state, exitCode }, null, 2));
  else io.out(`${state.drained ? 'DRAINED' : 'NOT DRAINED'}: ${drainLine(state)}`);
  if (!state.drained) throw new VerdictExit(exitCodes.couldNot);
}

/** @throws {CliError} `FILE_UNREADABLE` */
function folder(dir: string): string {
  if (!existsSync(dir)) throw new CliError('FILE_UNREADABLE', { got: `ENOENT for ${dir}` });
  return dir.replace(/(?<=.)\/+$/, '');
}

/** A policy that cannot be used refutes nothing: it could not be checked. */
function givenPolicy(io: Io, path: string): TrustPolicy {
  const text = readText(path);
  try {
    return parsePolicy(text);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    io.err(`${error.code}: ${error.message.replace(/\s+/g, ' ')}`);
    throw new VerdictExit(exitCodes.couldNot);
  }
}

function logAt({ log, tokenFile }: DrainOptions): LogReader {
  if (!/^https?:\/\//.test(log)) return directoryLog(log);
  return httpLog(log, tokenFile === undefined ? {} : { token: readText(tokenFile).trim() });
}

function seconds(text: string): number {
  const value = Number(text);
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Want seconds, 0 to 999999.');
  return value;
}
