import type { LogConfig } from '../config.ts';
import type { SignedCheckpoint } from '../ports.ts';
import type { SigningSecrets } from '../signers/port.ts';
import type { WorkStatus } from './running-log.ts';

/** What a thread that works on a log is given. */
export interface ThreadStart {
  config: LogConfig;
  passphrase: string | null;
  catchUp: boolean;
  kafkaPassword: string | null;
  signing: SigningSecrets;
}

/** To the thread: `stop` gives up a start, `close` finishes what was read. */
export type ToThread = 'stop' | 'close';

export type FromThread =
  | { kind: 'log'; level: 'info' | 'warn' | 'error'; fields: object; message: string }
  | { kind: 'standby' }
  | { kind: 'publish'; checkpoint: SignedCheckpoint }
  | { kind: 'running'; status: WorkStatus }
  | { kind: 'status'; status: WorkStatus }
  | { kind: 'failed'; code: string; message: string };
