import type { AnchorCosts, Anchorer, StandaloneAnchorer } from '@showcause/anchor-service';
import { Command, Option } from 'commander';
import { readers } from '../io.ts';
import type { Io } from '../io.ts';
import { givenPassphrase } from '../passphrase.ts';

interface Options {
  config: string;
  once?: true;
  watch?: true;
  dryRun?: true;
  log?: string;
}

/** A transaction that is in no block by then is left to the next run. */
const MINED_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 500;
const WEI_PER_GWEI = 1e9;

/** `showcause anchor`: the operator's transactions, in a process of their own. */
export function anchorCommand(io: Io): Command {
  return new Command('anchor')
    .helpGroup(readers.operator)
    .summary("bring the log's newest head onto its chain")
    .description(
      'Compares the published log with its contract and sends what is missing, countersigned. The contract is the cursor: ' +
        'it may be ended, started again or run twice at any time.',
    )
    .requiredOption('--config <file>', "the service's own configuration")
    .addOption(new Option('--once', 'one look, at most one transaction').conflicts('watch'))
    .addOption(new Option('--watch', 'go on until SIGINT or SIGTERM'))
    .option('--dry-run', 'print the call, its gas and what it would change')
    .option('--log <name>', 'which log, where the configuration has several')
    .addHelpText(
      'after',
      `
Beside a service, give its configuration "anchor": {"sends": false, …}: it then
watches the chain, keeps the evidence and needs no operator key. What each
anchor cost is printed when it is in a block, per leaf and per decision.
--dry-run needs no key, asks no countersigner and changes nothing.

Exit codes: 0 done or nothing to do, 1 refused, 2 could not now, 64 usage.

Examples:
  showcause anchor --once --dry-run --config ./showcause/service/config.json
  showcause anchor --watch --config ./showcause/service/config.json`,
    )
    .action(async (options: Options, command: Command) => {
      if (options.once !== true && options.watch !== true && options.dryRun !== true)
        command.error('error: give --once, --watch or --dry-run', { exitCode: 64 });
      const { jsonLogger, logsOf, openAnchorer, readServiceConfig, signingSecrets } =
        await import('@showcause/anchor-service');
      const logs = logsOf(readServiceConfig(options.config, io.env));
      const config =
        chosen(logs, options.log) ??
        command.error(`error: --log is to be one of ${logs.map(({ name }) => name).join(', ')}`, {
          exitCode: 64,
        });
      const passphrase = givenPassphrase(io);
      const opened = await openAnchorer(config, {
        logger: jsonLogger('anchor', (line) => io.err(line)),
        isDry: options.dryRun === true,
        ...(passphrase === undefined ? {} : { passphrase }),
        signing: signingSecrets('operator', io.env),
      });
      try {
        if (options.dryRun === true) await preview(opened, io);
        else if (options.once === true) await once(opened.anchorer, io);
        else await watch(opened.anchorer, io);
      } finally {
        await opened.close();
      }
    });
}

/** The log that is meant: the only one, or the one that is named. */
function chosen<L extends { name: string | null }>(
  logs: readonly L[],
  name: string | undefined,
): L | undefined {
  return name === undefined && logs.length === 1 ? logs[0] : logs.find((log) => log.name === name);
}

async function preview(opened: StandaloneAnchorer, io: Io): Promise<void> {
  const { chainId, contract } = opened;
  const next = await opened.preview();
  if (next === null) return io.out(`nothing to anchor: ${whyNothing(opened.anchorer)}`);
  const { step, call } = next;
  const fee = (BigInt(call.gas) * call.maxFeePerGas) / BigInt(WEI_PER_GWEI);
  io.out(`chain     ${chainId}`);
  io.out(`call      advance, ${call.data.length / 2 - 1} bytes, to ${contract}`);
  io.out(`data      ${call.data}`);
  io.out(`gas       ${grouped(call.gas)}, at most ${grouped(fee)} gwei in all`);
  io.out(`changes   size ${step.oldSize} to ${step.size}, root to ${hex(step.root)}`);
  io.out('The countersignature in it is of a throw-away key; nothing was sent.');
}

async function once(anchorer: Anchorer, io: Io): Promise<void> {
  const before = anchorer.costs().transactions;
  const { latestSize, finalSize, signedSize, transactionHash } = await anchorer.anchorOnce();
  io.out(`signed ${signedSize}, on the chain ${latestSize}, final ${finalSize}`);
  if (transactionHash === null) return io.out(`nothing sent: ${whyNothing(anchorer)}`);
  io.out(`sent ${transactionHash}`);
  const deadline = performance.now() + MINED_WITHIN_MS;
  while (!io.signal.aborted && performance.now() < deadline) {
    await anchorer.settleCosts();
    if (anchorer.costs().transactions > before) return io.out(said(anchorer.costs()));
    await waited(LOOK_EVERY_MS, io.signal);
  }
  io.out('not in a block yet: the next run goes on from the chain');
}

function whyNothing(anchorer: Anchorer): string {
  const { status, signedSize, latestSize } = anchorer.state();
  if (status === 'waiting') return 'there is no contract or no checkpoint yet';
  return latestSize >= signedSize
    ? 'the chain has the newest signed head'
    : 'it is not time yet, by anchor.minAdvanceIntervalMs and deadlineMs';
}

async function watch(anchorer: Anchorer, io: Io): Promise<void> {
  await anchorer.run(io.signal);
  io.out(said(anchorer.costs()));
}

/** What this process's anchors cost. */
function said({ transactions, gas, fee, leaves, decisions }: AnchorCosts): string {
  const each = (what: string, count: number): string =>
    count === 0 ? '' : `; ${grouped(Math.round(gas / count))} gas a ${what}`;
  return (
    `${transactions} transactions in blocks: ${grouped(gas)} gas, ${grouped(fee)} wei for ` +
    `${grouped(leaves)} leaves, ${grouped(decisions)} decisions${each('leaf', leaves)}${each('decision', decisions)}`
  );
}

function waited(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

const grouped = (count: number | bigint): string => count.toLocaleString('en-US');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
