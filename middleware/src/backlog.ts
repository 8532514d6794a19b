import { AuditError } from './errors.ts';
import type { CheckedOptions } from './options.ts';
import type { Sealer } from './sealing/sealer.ts';
import type { Publisher } from './transports/publisher.ts';

/** Watches how much the transport has not taken, and for how long. */
export interface Backlog {
  /** whether it is above what `publishLag` permits: then decisions count as unloggable */
  readonly refuses: boolean;
  /** The sealer, but for decisions that begin while there is too much. */
  guard(sealer: Pick<Sealer, 'seal'>): Pick<Sealer, 'seal'>;
  close(): void;
}

export interface BacklogParts {
  publisher: Pick<Publisher, 'status'>;
  limits: CheckedOptions['publishLag'];
  onAlarm: (code: string) => void;
  /** from one look to the next; 1 s by default */
  everyMs?: number;
}

const EVERY_MS = 1_000;

export function watchBacklog({
  publisher,
  limits,
  onAlarm,
  everyMs = EVERY_MS,
}: BacklogParts): Backlog {
  let refuses = false;
  let isLate = false;
  const look = (): void => {
    const { behind, lagSeconds } = publisher.status();
    const wasLate = isLate;
    isLate = lagSeconds > limits.alertSeconds;
    if (isLate && !wasLate) onAlarm('PUBLISH_LAG');
    refuses = lagSeconds > limits.mostSeconds || behind > limits.mostBytes;
  };
  look();
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    get refuses() {
      return refuses;
    },
    guard: (sealer) => ({
      seal(message) {
        const begins =
          message.kind === 'intent' || (message.kind === 'decision' && message.facts !== null);
        if (!refuses || !begins) return sealer.seal(message);
        const { behind, lagSeconds } = publisher.status();
        const got = `${behind} bytes that the transport has not taken, the oldest ${lagSeconds} s old`;
        return Promise.reject(new AuditError('SPOOL_BEHIND', { got }));
      },
    }),
    close: () => clearInterval(timer),
  };
}
