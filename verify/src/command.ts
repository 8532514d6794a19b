import { policyFingerprint } from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { InputFailure, failureReport, loadPolicy, parseGrades } from './command/inputs.ts';
import type { CommonOptions } from './command/inputs.ts';
import { runAnchor, runEvidence } from './command/anchor.ts';
import type { AnchorOptions } from './command/anchor.ts';
import { runEntry, runLog } from './command/others.ts';
import type { LogOptions } from './command/others.ts';
import { fingerprint, httpAddress, logPlace } from './command/options.ts';
import { printReport, wrap, wrapAt } from './command/output.ts';
import type { Output } from './command/output.ts';
import { runHeader, runReceipt } from './command/receipt.ts';
import type { ReceiptOptions } from './command/receipt.ts';
import { endQuietly, linesOf } from './command/lines.ts';
import { forTerminal } from './command/terminal.ts';
import { packageVersion } from './command/version.ts';
import { Checklist, checkPolicy, exitCodeOf } from './report.ts';
import type { Grade, Report } from './report.ts';

export { endQuietly, forTerminal, linesOf, packageVersion, wrap, wrapAt };
export const EXIT_USAGE = 64;

/**
 * Thrown when a report was printed whose verdict is not `verified`: the program ends with this code and says no more.
 * Callers know it by `name`, as packages may hold copies of their own.
 */
export class VerdictExit extends Error {
  override readonly name: string = 'VerdictExit';
  readonly exitCode: 1 | 2;

  constructor(exitCode: 1 | 2) {
    super(`verdict ${exitCode}`);
    this.exitCode = exitCode;
  }
}

const EXIT_CODES =
  '\nExit codes: 0 all asked checks passed, 1 refuted, 2 could not check, 64 usage.';

/** `verify receipt|entry|log|anchor`, to be mounted in another program or run by itself. */
export function verifyCommand(io: Output): Command {
  return new Command('verify')
    .summary('check a receipt, an entry, a log or an anchor')
    .description(
      'Checks evidence and trusts nothing but a policy file, whose fingerprint it prints.',
    )
    .helpCommand(false)
    .addCommand(receiptCommand(io))
    .addCommand(entryCommand(io))
    .addCommand(logCommand(io))
    .addCommand(anchorCommand(io));
}

function receiptCommand(io: Output): Command {
  const command = common(new Command('receipt'))
    .summary("check a decision's receipt, offline")
    .description(
      'Checks that a decision was promised, that the shown outcome, reasons and response are the recorded ones, and where the log and the chain hold it. Needs no network; --log and --rpc add checks that do.',
    )
    .argument('[file]', 'receipt file (JSON)')
    .option('--header <text|file>', 'check a Decision-Receipt header instead')
    .option('--key <file>', "with --header: the producer's key entry")
    .option('--response <file>', 'response body as received, to compare its hash')
    .option('--shown <file>', 'decision as shown to the applicant: JSON with outcome and reasons')
    .addHelpText(
      'after',
      `${EXIT_CODES}\n\nExample:\n  showcause verify receipt receipt.json --policy policy.json`,
    );
  return command.action((file: string | undefined, options: ReceiptOptions) => {
    const { header } = options;
    if ((file === undefined) === (header === undefined))
      return usage(command, 'give a receipt file or --header, one of them');
    if (file !== undefined)
      return judge(io, 'receipt', options, (policy) => runReceipt(file, options, policy));
    return judge(io, 'header', options, (policy) => runHeader(header ?? '', options, policy));
  });
}

function entryCommand(io: Output): Command {
  const command = common(new Command('entry'))
    .summary('check one entry against a plain C2SP proof')
    .description('Checks exact leaf bytes against a c2sp.org/tlog-proof, as other tools can.')
    .argument('<entry>', 'exact bytes of the entry')
    .argument('[proof]', 'proof; default: the entry’s path with .tlog-proof')
    .addHelpText(
      'after',
      `${EXIT_CODES}\n\nExample:\n  showcause verify entry 5f0c.entry --policy policy.json`,
    );
  return command.action((entry: string, proof: string | undefined, options: CommonOptions) => {
    const beside = proof ?? `${entry.replace(/\.entry$/, '')}.tlog-proof`;
    return judge(io, 'entry', options, (policy) => runEntry(entry, beside, options, policy));
  });
}

function logCommand(io: Output): Command {
  const command = common(new Command('log'))
    .summary('audit a whole log')
    .description(
      'Reads every entry, computes the root again, and prints for each producer its epochs, holes, chain breaks, silences, open intents and restarts.',
    )
    .argument('[log]', 'folder or address of the published log; same as --log', logPlace)
    .option('--since <file>', 'checkpoint kept from an earlier visit: the log must extend it')
    .addHelpText(
      'after',
      `${EXIT_CODES}\n\nExample:\n  showcause verify log ./log --policy policy.json`,
    );
  return command.action((where: string | undefined, options: LogOptions) => {
    const log = where ?? options.log;
    if (log === undefined) return usage(command, 'give the log, a folder or an address');
    const around = {
      now: unixNow(),
      progress: (entries: number): void => {
        if (options.json !== true) io.err(`${entries} entries read`);
      },
    };
    return judge(io, 'log', options, (policy) => runLog(log, options, policy, around));
  });
}

function anchorCommand(io: Output): Command {
  const command = common(new Command('anchor'))
    .summary('compare a log with the contract that holds its head')
    .description(
      "Computes the contract's address from genesis, takes its head at a final block from a node, or from the storage proof of an anchor in a block that the policy names, and checks that the log extends it.",
    )
    .argument('[log]', 'folder or address of the published log; same as --log', logPlace)
    .option('--genesis <file>', 'exact bytes of entry 0; default: read from the log')
    .option('--anchor <file>', "anchor evidence (JSON); default: the log's newest")
    .addHelpText(
      'after',
      `${EXIT_CODES}

Without --rpc the policy must name the anchor's block: "blocks" of its chain.

Examples:
  showcause verify anchor ./log --policy policy.json --rpc https://…
  showcause verify anchor ./log --policy policy.json
  showcause verify anchor --anchor 9216.json --genesis genesis.entry \\
    --policy policy.json`,
    );
  return command.action((where: string | undefined, options: AnchorOptions) => {
    const log = where ?? options.log;
    if (log !== undefined)
      return judge(io, 'anchor', options, (policy) => runAnchor(log, options, policy));
    const { anchor, genesis } = options;
    if (anchor === undefined || genesis === undefined)
      return usage(command, 'give the log, a folder or an address; or --anchor and --genesis');
    return judge(io, 'anchor', options, (policy) =>
      runEvidence({ anchor, genesis }, options, policy),
    );
  });
}

function unixNow(): number {
  return Math.floor(Date.now() / 1000);
}

function common(command: Command): Command {
  return command
    .requiredOption('--policy <file>', 'trust policy: the only thing that is trusted')
    .option(
      '--fingerprint <SHA256:…>',
      "the policy's fingerprint from another source; another policy is refused",
      fingerprint,
    )
    .option('--log <dir|url>', 'published log, to compare with', logPlace)
    .option('--token-file <file>', "reader's token of a log that is not public")
    .option('--rpc <url>', 'node of the chain, to compare with the contract', httpAddress)
    .addOption(
      new Option(
        '--require <grades>',
        'grades that must be shown: accepted,logged,witnessed,anchored',
      ).argParser(gradesOf),
    )
    .option('--second-opinion', 'compute roots again with merkletreejs')
    .option('--json', 'one JSON document instead of text');
}

function gradesOf(text: string): Grade[] {
  const parsed = parseGrades(text);
  if (parsed === null)
    throw new InvalidArgumentError('Grades are accepted, logged, witnessed and anchored.');
  return parsed;
}

function usage(command: Command, message: string): never {
  command.error(`error: ${message}`, { exitCode: EXIT_USAGE, code: 'VERIFY_USAGE' });
}

/** Loads the policy, runs, prints, and ends with the verdict's exit code. */
async function judge(
  io: Output,
  kind: Report['kind'],
  options: CommonOptions,
  run: (policy: TrustPolicy) => Promise<Report>,
): Promise<void> {
  let report: Report;
  let fingerprint = '';
  try {
    const policy = await loadPolicy(options.policy);
    fingerprint = policyFingerprint(policy);
    // Before anything else is opened: whoever gives a fingerprint trusts no other policy.
    report =
      options.fingerprint !== undefined && options.fingerprint !== fingerprint
        ? refusedPolicy(kind, policy, options.fingerprint)
        : await run(policy);
  } catch (error) {
    if (!(error instanceof InputFailure)) throw error;
    report = failureReport(kind, error, fingerprint);
  }
  printReport(report, { json: options.json === true, output: io });
  const code = exitCodeOf(report.verdict);
  if (code !== 0) throw new VerdictExit(code);
}

function refusedPolicy(kind: Report['kind'], policy: TrustPolicy, expected: string): Report {
  const list = new Checklist(policy);
  checkPolicy(list, policy, expected);
  return list.report(kind, []);
}

/** Runs one command line by itself. @returns the exit code; never throws, never shows a stack */
export async function runVerify(argv: readonly string[], output: Output): Promise<number> {
  const io: Output = {
    out: (line) => output.out(forTerminal(line)),
    err: (line) => output.err(forTerminal(line)),
  };
  const version = packageVersion(new URL('../package.json', import.meta.url));
  const program = settled(
    verifyCommand(io).name('showcause-verify').version(version, '--version', 'print the version'),
    io,
  );
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof VerdictExit) return error.exitCode;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    // An unforeseen failure is no verdict in favour of anybody.
    io.err(
      `VERIFY_INTERNAL: ${error instanceof Error ? `${error.name}: ${error.message.split('\n')[0] ?? ''}` : 'unknown'}`,
    );
    return 2;
  }
}

function settled(command: Command, io: Output): Command {
  command.exitOverride().configureOutput({
    writeOut: (text) => io.out(text.replace(/\n$/, '')),
    writeErr: (text) => io.err(text.replace(/\n$/, '')),
    getOutHelpWidth: () => 80,
    getErrHelpWidth: () => 80,
  });
  for (const child of command.commands) settled(child, io);
  return command;
}
