/** As shells count a process that a signal ended: 128 and the number of the signal. */
const EXIT = { SIGINT: 130, SIGTERM: 143 } as const;

/** Why a run ends early: the reason of `Io.signal`. Work that cannot be left whole throws it. */
export class Interrupted extends Error {
  override readonly name = 'AbortError';
  readonly exitCode: number;

  constructor(signal: keyof typeof EXIT) {
    super(`ended by ${signal}`);
    this.exitCode = EXIT[signal];
  }
}

/** Exit code of a run that threw the reason of its signal; a caller who gives none means an interrupt. */
export function exitAfter(reason: unknown): number {
  return reason instanceof Interrupted ? reason.exitCode : EXIT.SIGINT;
}
