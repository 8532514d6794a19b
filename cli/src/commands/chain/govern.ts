import type { RotatedRole } from '@showcause/anchor-service';
import { Argument, Command } from 'commander';
import type { Io } from '../../io.ts';
import { timelockNotes } from '../acts.ts';
import { actOptions, performAct } from './act.ts';
import type { ActOptions } from './act.ts';
import { address } from './place.ts';

const roles: readonly RotatedRole[] = ['operator', 'countersigner', 'guardian'];

/** `showcause chain rotate ROLE ADDRESS`. */
export function rotateCommand(io: Io): Command {
  const command = new Command('rotate')
    .summary('give a role of the contract to another key, through the timelock')
    .description(
      'Gives a role of the contract to another key, through the timelock. The first call proposes it; after the delay the ' +
        'same call executes it. The zero address leaves the guardian away.',
    )
    .addArgument(new Argument('<role>', 'which role').choices(roles))
    .argument('<address>', 'who holds it then', address);
  return actOptions(command, 'proposer')
    .addHelpText(
      'after',
      timelockNotes('showcause chain rotate operator 0x00000000000000000000000000000000000000aa'),
    )
    .action((role: RotatedRole, to: string, options: ActOptions) =>
      performAct(io, options, { name: 'rotate', role, to }),
    );
}

/** `showcause chain unfreeze`. */
export function unfreezeCommand(io: Io): Command {
  const command = new Command('unfreeze')
    .summary('end a freeze early, through the timelock')
    .description(
      'Ends a freeze before it expires, through the timelock. The first call proposes it; after the delay the same call ' +
        'executes it.',
    );
  return actOptions(command, 'proposer')
    .addHelpText('after', timelockNotes('showcause chain unfreeze'))
    .action((options: ActOptions) => performAct(io, options, { name: 'unfreeze' }));
}

/** `showcause chain freeze`: for good, before a successor takes over. */
export function freezeForGoodCommand(io: Io): Command {
  const command = new Command('freeze')
    .summary('stop anchoring for good, through the timelock')
    .description(
      'Stops anchoring until the timelock ends it, where the guardian stops it for seven days: the head stays what it is, and ' +
        'a successor can go on from it. The first call proposes it; after the delay the same call executes it.',
    );
  return actOptions(command, 'proposer')
    .addHelpText('after', timelockNotes('showcause chain freeze'))
    .action((options: ActOptions) => performAct(io, options, { name: 'freezeForGood' }));
}
