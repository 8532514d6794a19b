import type { Io } from './io.ts';

/** A JSON line an event on standard error: what a service says while it runs. */
export interface LineLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export function lineLogger(io: Pick<Io, 'err'>): LineLogger {
  const at = (level: string) => (fields: object, message: string) =>
    io.err(JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }));
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

/** Resolves when the signal is given. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
