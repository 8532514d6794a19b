import { CodedError, parsePolicy } from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import {
  CouldNotCheck,
  checkStored,
  fsckErrorCodes,
  fsckExitCode,
  repairRefusal,
  repairStored,
} from '@showcause/verify';
import type { FsckReport, FsckResult, RepairAct, StoredLog, WriteDerived } from '@showcause/verify';
import { VerdictExit } from '@showcause/verify/command';
import { isAddress, readText } from '@showcause/verify/readers';
import { Command, InvalidArgumentError } from 'commander';
import { openStoredAddress } from '../fsck/address.ts';
import { openStoredFolder } from '../fsck/folder.ts';
import { oneLine, printFsck } from '../fsck/output.ts';
import { exitCodes, readers } from '../io.ts';
import type { Io } from '../io.ts';

interface Options {
  policy: string;
  tokenFile?: string;
  repair?: true;
  json?: true;
}

/** `showcause fsck`: everything stored of a published log, byte by byte. */
export function fsckCommand(io: Io): Command {
  return new Command('fsck')
    .helpGroup(readers.operator)
    .summary('check every stored file of a log; repair derived ones')
    .description(
      'Reads every bundle, hash tile, partial tile and anchor of a published log, computes all hashes again from the ' +
        'entries up to the signed root, and names each file that is damaged, missing, stale or does not belong.',
    )
    .argument('<log>', 'folder or address of the published log', logPlace)
    .requiredOption('--policy <file>', 'trust policy: the only thing that is trusted')
    .option('--repair', 'make derived files again, once the entries give the signed root')
    .option('--token-file <file>', "reader's token of a log that is not public")
    .option('--json', 'one JSON document instead of text')
    .addHelpText(
      'after',
      `
Repair writes hash tiles and older partial tiles alone, into a folder. Entries,
checkpoint and anchors are never written, and nothing is deleted.

Exit codes: 0 sound, 1 damage (also what repair left), 2 could not check,
64 usage.

Examples:
  showcause fsck ./log --policy policy.json
  showcause fsck ./log --policy policy.json --repair
  showcause fsck https://log.example/loans --policy policy.json --json`,
    )
    .action(async (where: string, options: Options, command: Command) => {
      if (options.repair === true && isAddress(where))
        command.error('error: --repair needs a folder; an address cannot be written to');
      await runFsck(io, where, options);
    });
}

async function runFsck(io: Io, where: string, options: Options): Promise<void> {
  let code: 0 | 1 | 2;
  try {
    code = await fsck(io, where, options);
  } catch (error) {
    if (!(error instanceof CouldNotCheck)) throw error;
    const { code: why, detail } = error;
    io.out(
      options.json === true
        ? JSON.stringify({ kind: 'fsck', verdict: 'could-not-check', code: why, detail }, null, 2)
        : `COULD NOT CHECK: ${why}: ${oneLine(detail)}`,
    );
    code = exitCodes.couldNot;
  }
  if (code !== 0) throw new VerdictExit(code);
}

async function fsck(io: Io, where: string, options: Options): Promise<0 | 1 | 2> {
  const policy = await loadPolicy(options.policy);
  const { log, write } = await openStored(where, options);
  const isJson = options.json === true;
  const check = (): Promise<FsckResult> =>
    checkStored(log, {
      policy,
      progress: (entries) => {
        if (io.signal.aborted) throw new CouldNotCheck('VERIFY_READ', 'interrupted');
        if (!isJson) io.err(`${entries} entries read`);
      },
    });
  const before = await check();
  if (options.repair !== true || write === null || before.report.verdict === 'sound') {
    print(io, before.report, isJson ? {} : null);
    return fsckExitCode(before.report.verdict);
  }
  if (!isJson) printFsck(io, before.report);
  const refused = repairRefusal(before);
  const acts = refused === null ? await repair(io, before, write, isJson) : [];
  if (!isJson && refused !== null)
    io.out(`nothing repaired: FSCK_REPAIR: ${fsckErrorCodes.FSCK_REPAIR.means}: got ${refused}`);
  else if (!isJson && acts.length === 0) io.out('nothing repaired: none of it is derived');
  const after = acts.some(({ done }) => done) ? await check() : before;
  if (isJson) print(io, after.report, { before: before.report, repair: { refused, acts } });
  else if (after !== before) printFsck(io, after.report);
  return fsckExitCode(after.report.verdict);
}

async function repair(
  io: Io,
  before: FsckResult,
  write: WriteDerived,
  isJson: boolean,
): Promise<RepairAct[]> {
  const acts: RepairAct[] = [];
  for await (const act of repairStored(before, write)) {
    acts.push(act);
    if (!isJson)
      io.out(`${act.done ? 'wrote' : 'could not write'} ${oneLine(act.path)}: ${act.detail}`);
  }
  return acts;
}

/** @param json  members beside the report; null for text */
function print(io: Io, report: FsckReport, json: Record<string, unknown> | null): void {
  if (json === null) return printFsck(io, report);
  const exitCode = fsckExitCode(report.verdict);
  io.out(JSON.stringify({ ...report, ...json, exitCode }, null, 2));
}

async function openStored(
  where: string,
  options: Options,
): Promise<{ log: StoredLog; write: WriteDerived | null }> {
  const { tokenFile } = options;
  const token = tokenFile === undefined ? undefined : (await readText(tokenFile)).trim();
  if (token !== undefined && !/^[!-~]+$/.test(token))
    throw new CouldNotCheck('VERIFY_READ', 'token file holds no token');
  if (isAddress(where))
    return { log: openStoredAddress(where, token === undefined ? {} : { token }), write: null };
  const log = await openStoredFolder(where);
  return { log, write: log.write };
}

/** Without a policy there is nobody to trust, so nothing is refuted either. */
async function loadPolicy(path: string): Promise<TrustPolicy> {
  const text = await readText(path);
  try {
    return parsePolicy(text);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    throw new CouldNotCheck('POLICY_MALFORMED', `${error.code}: ${error.got}`);
  }
}

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const LOG_ADDRESS = /^https?:\/\/[^\s?#@]+$/;

/** A folder, or an address: whatever has a scheme is one. */
function logPlace(text: string): string {
  if (SCHEME.test(text) && !(LOG_ADDRESS.test(text) && URL.canParse(text)))
    throw new InvalidArgumentError(
      'Want a folder, or http(s)://host/prefix without user or query.',
    );
  return text;
}
