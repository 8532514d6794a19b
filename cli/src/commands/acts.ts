import { Command } from 'commander';
import { readers } from '../io.ts';
import type { Io } from '../io.ts';
import { actOptions, performAct } from './chain/act.ts';
import type { ActOptions } from './chain/act.ts';

/** `showcause halt`: the guardian tells consumers of the log to stop. */
export function haltCommand(io: Io): Command {
  const command = new Command('halt')
    .helpGroup(readers.operator)
    .summary('stop consumers, stop anchoring; let them go on')
    .description(
      'Tells everybody who acts on the log to stop: contracts that ask it, and applications with a HaltSource. Anchoring ' +
        'goes on, because evidence must keep flowing. Only the timelock ends it (showcause resume).',
    );
  return actOptions(command, 'guardian')
    .addHelpText(
      'after',
      `
It counts from the newest block on. Where it is so already, that is said and
nothing is sent. Without --keys the call is printed for a guardian that is a
contract, such as a Safe.

Exit codes: 0 done or so already, 1 refused, 2 could not, 64 usage.

Examples:
  showcause halt --config ./service/config.json --keys ./guardian --dry-run
  showcause halt --genesis genesis.entry --rpc https://… --keys ./guardian`,
    )
    .action((options: ActOptions) => performAct(io, options, { name: 'halt' }));
}

/** `showcause freeze`: the guardian stops anchoring, for a key that may be stolen. */
export function freezeCommand(io: Io): Command {
  const command = new Command('freeze')
    .helpGroup(readers.operator)
    .summary('stop anchoring for seven days, for a key that may be stolen')
    .description(
      'Stops anchoring: with a stolen operator key and countersigner key nothing can be appended on the chain meanwhile. It ' +
        'expires by itself after seven days; the timelock ends it earlier (showcause chain unfreeze).',
    );
  return actOptions(command, 'guardian')
    .addHelpText(
      'after',
      `
The log itself goes on; its heads wait. Consumers are not told: that is halt.

Exit codes: 0 done or so already, 1 refused, 2 could not, 64 usage.

Examples:
  showcause freeze --config ./service/config.json --keys ./guardian --dry-run
  showcause freeze --genesis genesis.entry --rpc https://… --keys ./guardian`,
    )
    .action((options: ActOptions) => performAct(io, options, { name: 'freeze' }));
}

/** `showcause resume`: through the timelock, consumers may act again. */
export function resumeCommand(io: Io): Command {
  const command = new Command('resume')
    .helpGroup(readers.operator)
    .summary('end a halt through the timelock: propose, wait, execute')
    .description(
      'Ends a halt through the timelock. The first call proposes it; after the delay the same call executes it. In between it ' +
        'says when that is.',
    );
  return actOptions(command, 'proposer')
    .addHelpText('after', timelockNotes('showcause resume'))
    .action((options: ActOptions) => performAct(io, options, { name: 'resume' }));
}

/** What every command says that goes through the timelock. */
export function timelockNotes(line: string): string {
  return `
Without --keys the call is printed for a proposer that is a contract, such as
a Safe. Executing may need no role: where anybody may, any key does (--role).

Exit codes: 0 done or so already, 1 refused, 2 not ready or could not, 64 usage.

Examples:
  ${line} \\
    --config service/config.json --dry-run
  ${line} \\
    --config service/config.json --keys ./proposer
  ${line} \\
    --config service/config.json --keys ./proposer --cancel`;
}
