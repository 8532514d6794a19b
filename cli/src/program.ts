import { packageVersion, verifyCommand } from '@showcause/verify/command';
import { Command, Option } from 'commander';
import { anchorCommand } from './commands/anchor.ts';
import { freezeCommand, haltCommand, resumeCommand } from './commands/acts.ts';
import { chainCommand } from './commands/chain/command.ts';
import { countersignCommand } from './commands/countersign.ts';
import { deploymentCommand } from './commands/deployment.ts';
import { doctorCommand } from './commands/doctor.ts';
import { explainCommand } from './commands/explain/command.ts';
import { fsckCommand } from './commands/fsck.ts';
import { initCommand } from './commands/init.ts';
import { keysCommand } from './commands/keys.ts';
import { serveCommand } from './commands/serve.ts';
import { spoolCommand } from './commands/spool.ts';
import { readers } from './io.ts';
import type { Io } from './io.ts';

const COLUMNS = 80;
const HELP_FLAGS = '-h, --help';
const HELP = 'this page';

/** The whole command line over one `Io`: parsing and output alone, the packages do the work. */
export function buildProgram(io: Io): Command {
  const program = new Command('showcause')
    .description('Every AI decision explained, provable, contestable.')
    .usage('COMMAND [options], COMMAND --help, or --version')
    // The usage names both, and the page fits a screen of 24 rows.
    .addHelpOption(new Option(HELP_FLAGS, HELP).hideHelp())
    .version(packageVersion(new URL('../package.json', import.meta.url)), '--version')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.replace(/\n$/, '')),
      writeErr: (text) => io.err(text.replace(/\n$/, '')),
      getOutHelpWidth: () => COLUMNS,
      getErrHelpWidth: () => COLUMNS,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({
      // The front page names every command that can be run, not the families they are in; a family of one line names its
      // commands in its description.
      visibleCommands: (command) =>
        command.parent === null ? command.commands.flatMap(rows) : [...command.commands],
      subcommandTerm: (command) => rowName(command),
      subcommandDescription: (command) => command.summary() || command.description(),
    })
    .addHelpText(
      'after',
      'Exit codes: 0 done or verified, 1 refused or refuted, 2 could not, 64 usage.',
    );
  for (const option of program.options) option.hideHelp();
  program.addCommand(initCommand(io));
  program.addCommand(keysCommand(io).summary('generate, show, register, export or import keys'));
  program.addCommand(explainCommand(io).helpGroup(readers.engineer));
  program.addCommand(
    verifyCommand(io)
      .summary('check a receipt, an entry, a whole log or an anchor')
      .helpGroup(readers.inspector),
  );
  program.addCommand(serveCommand(io));
  program.addCommand(anchorCommand(io));
  program.addCommand(countersignCommand(io));
  program.addCommand(chainCommand(io));
  program.addCommand(haltCommand(io));
  program.addCommand(freezeCommand(io));
  program.addCommand(resumeCommand(io));
  program.addCommand(deploymentCommand(io));
  program.addCommand(fsckCommand(io));
  program.addCommand(doctorCommand(io));
  program.addCommand(spoolCommand(io));
  settle(program);
  return program;
}

/** Commands made elsewhere take over output, help and exits of the program, and their family's group. */
function settle(program: Command): void {
  const visit = (command: Command, group: string): void => {
    command.copyInheritedSettings(program).helpOption(HELP_FLAGS, HELP).helpGroup(group);
    for (const child of command.commands) visit(child, group);
  };
  for (const command of program.commands) visit(command, command.helpGroup());
}

/** Families whose commands fit one row of the front page, by what they are for. */
const ONE_ROW: readonly string[] = ['keys', 'verify', 'chain', 'spool'];
/** Commands of one kind that share the row of the first. */
const SHARED_ROW: readonly string[] = ['halt', 'freeze', 'resume'];

function rows(command: Command): Command[] {
  if (SHARED_ROW.indexOf(command.name()) > 0) return [];
  if (command.commands.length === 0 || ONE_ROW.includes(command.name())) return [command];
  return command.commands.flatMap(rows);
}

function rowName(command: Command): string {
  return command.name() === SHARED_ROW[0] ? SHARED_ROW.join('|') : nameBelowRoot(command);
}

function nameBelowRoot(command: Command): string {
  const words: string[] = [];
  for (let at: Command | null = command; at !== null && at.parent !== null; at = at.parent)
    words.unshift(at.name());
  return words.join(' ');
}
