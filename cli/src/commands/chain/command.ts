import { Command } from 'commander';
import { readers } from '../../io.ts';
import type { Io } from '../../io.ts';
import { deployCommand } from './deploy.ts';
import { freezeForGoodCommand, rotateCommand, unfreezeCommand } from './govern.ts';
import { statusCommand } from './status.ts';

/** `showcause chain deploy|status|rotate|freeze|unfreeze`: the log's contract and its timelock. */
export function chainCommand(io: Io): Command {
  return new Command('chain')
    .helpGroup(readers.operator)
    .summary('deploy, status, rotate, freeze or unfreeze the contract')
    .description("The log's contract and its timelock, on the chain that genesis names.")
    .addCommand(deployCommand(io))
    .addCommand(statusCommand(io))
    .addCommand(rotateCommand(io))
    .addCommand(freezeForGoodCommand(io))
    .addCommand(unfreezeCommand(io));
}
