/** What a command writes to and is told from outside; tests pass their own. Only `main.ts` makes the real one. */
export interface Io {
  /** a line of result, standard output */
  out(line: string): void;
  /** a line of result as it is, where a program reads standard output and no terminal has to be spared */
  exact?(line: string): void;
  /** a line about the work, standard error */
  err(line: string): void;
  /** how far the work is, in place of what it said before; only where a terminal shows it, '' at the end */
  progress?(text: string): void;
  /** ends long-running commands; one whose result is not whole then throws its reason */
  signal: AbortSignal;
  /** asks a long-running command to read its files again, as SIGHUP does */
  onHangUp?(listener: () => void): void;
  env: Readonly<Record<string, string | undefined>>;
}

/** `showcause --help` groups commands by who reads them. */
export const readers = {
  engineer: 'Engineer: put an audit trail on a decision',
  inspector: 'Inspector: check it, trusting a policy file alone',
  operator: 'Operator: run the log',
} as const;

/** Exit codes of every command: verdicts are 0, 1 and 2. */
export const exitCodes = { done: 0, refused: 1, couldNot: 2, usage: 64 } as const;
