/** The `showcause` command as a library: for tests and for tools that mount its commands. */
export { cliErrorCodes, CliError } from './errors.ts';
export { exitCodes } from './io.ts';
export type { Io } from './io.ts';
export { buildProgram } from './program.ts';
export { runCli } from './run.ts';
