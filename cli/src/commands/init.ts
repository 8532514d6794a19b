import { Command, InvalidArgumentError } from 'commander';
import { policyFingerprint } from '@showcause/core';
import { readers } from '../io.ts';
import type { Io } from '../io.ts';
import { address, addresses } from './chain/place.ts';

interface InitOptions {
  origin: string;
  producer: string;
  chainId?: number;
  rpc: string;
  factory?: string;
  timelock?: string;
  countersigner?: string;
  timelockDelay?: number;
  proposer?: string[];
  executor?: string[];
  public?: boolean;
  port: number;
  countersignerPort: number;
}

/** `showcause init DIR`: a log of one's own, all roles in one folder. */
export function initCommand(io: Io): Command {
  return new Command('init')
    .helpGroup(readers.engineer)
    .summary('make a development set-up: keys, genesis, policy')
    .description(
      'Makes the folders of every role below DIR: keys, tokens, configurations, the genesis entry and the trust policy. ' +
        'For development: all keys in one hand prove little against that hand.',
    )
    .argument('<dir>', 'new or empty folder')
    .requiredOption('--origin <name>', "the log's name, a host and path of yours", origin)
    .option('--producer <name>', 'name of the audited application', producer, 'loan-api')
    .option('--chain-id <n>', 'anchor on this EVM chain (default: no chain)', positive)
    .option('--rpc <url>', "the chain's JSON-RPC endpoint", 'http://127.0.0.1:8545')
    .option('--factory <address>', 'CREATE2 factory (default: the deterministic proxy)', address)
    .option('--timelock <address>', 'may resume and rotate roles (default: nobody)', address)
    .option('--countersigner <address>', 'somebody else runs it with this key', address)
    .option('--timelock-delay <seconds>', 'make such a timelock, with this delay', positive)
    .option('--proposer <list>', 'who proposes to it, a Safe (default: a key)', addresses)
    .option('--executor <list>', 'who executes after the delay (default: anybody)', addresses)
    .option('--public', 'readers of the log need no token')
    .option('--port <n>', 'port of the anchor service', port, 8787)
    .option('--countersigner-port <n>', 'port of the countersigner', port, 8788)
    .addHelpText(
      'after',
      `
Examples:
  showcause init ./showcause --origin log.example.org/loans
  showcause init ./showcause --origin log.example.org/loans --chain-id 31337`,
    )
    .action(async (dir: string, options: InitOptions, command: Command) => {
      checkTimelock(command, options);
      const { createDevelopmentSetup } = await import('../setup/development.ts');
      const policy = createDevelopmentSetup({
        dir,
        origin: options.origin,
        producer: options.producer,
        chain: chainOf(options),
        publicLog: options.public === true,
        servicePort: options.port,
        countersignerPort: options.countersignerPort,
      });
      for (const line of summary(dir, policy.logId, policyFingerprint(policy), options))
        io.out(line);
    });
}

function chainOf(options: InitOptions) {
  if (options.chainId === undefined) return null;
  const timelock = timelockOf(options);
  return {
    chainId: options.chainId,
    rpcUrl: options.rpc,
    ...(options.factory === undefined ? {} : { factory: options.factory }),
    ...(options.countersigner === undefined ? {} : { countersigner: options.countersigner }),
    ...(timelock === undefined ? {} : { timelock }),
  };
}

const ANYBODY = `0x${'0'.repeat(40)}`;

function timelockOf({ timelock, timelockDelay, proposer, executor }: InitOptions) {
  if (timelockDelay === undefined) return timelock;
  return { minDelay: timelockDelay, proposers: proposer ?? [], executors: executor ?? [ANYBODY] };
}

/** Options of a timelock that is not made, or of two. @throws what commander throws for wrong usage */
function checkTimelock(command: Command, options: InitOptions): void {
  const { chainId, timelock, timelockDelay, proposer, executor } = options;
  const wrong =
    (timelockDelay === undefined && (proposer ?? executor) !== undefined) ||
    (timelockDelay !== undefined && (timelock !== undefined || chainId === undefined));
  if (wrong)
    command.error(
      'error: --proposer and --executor go with --timelock-delay, and that with --chain-id and without --timelock',
    );
}

function summary(dir: string, logId: string, fingerprint: string, options: InitOptions): string[] {
  const chain =
    options.chainId === undefined || options.countersigner !== undefined
      ? []
      : [`  ${dir}/countersigner  a second signature under what goes on chain`];
  return [
    `log      ${options.origin}`,
    `log id   ${logId}`,
    `policy   ${dir}/policy.json`,
    `         ${fingerprint}`,
    '',
    `  ${dir}/producer       keys and spool of ${options.producer}: the middleware's \`keys\` and \`spool\``,
    `  ${dir}/service        the anchor service`,
    ...chain,
    `  ${dir}/registrar      signs keys and deployments`,
    `  ${dir}/guardian       may halt and freeze the contract`,
    ...(options.timelockDelay === undefined
      ? []
      : [`  ${dir}/timelock.json  how the timelock is made: showcause chain deploy`]),
    '',
    'This is a development set-up: all keys in one hand, passphrases beside them. It proves nothing',
    'against whoever holds this folder. In production each role makes its own key, on its own machine.',
    '',
    `Next: showcause serve --config ${dir}/service/config.json`,
  ];
}

function matching(pattern: RegExp, want: string): (value: string) => string {
  return (value) => {
    if (!pattern.test(value)) throw new InvalidArgumentError(`Want ${want}.`);
    return value;
  };
}

const origin = matching(/^[^\s+]{1,200}$/, 'up to 200 characters without blanks or +');
const producer = matching(
  /^(?=.{1,64}$)[a-z0-9][a-z0-9-]*(\/[a-z0-9][a-z0-9-]*)*$/,
  'lower-case words with digits, - and /',
);

function positive(value: string): number {
  const number = Number(value);
  if (!/^[0-9]+$/.test(value) || !Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('Want a positive integer.');
  return number;
}

function port(value: string): number {
  const number = Number(value);
  if (!/^[0-9]+$/.test(value) || number > 65_535)
    throw new InvalidArgumentError('Want 0 to 65535.');
  return number;
}
