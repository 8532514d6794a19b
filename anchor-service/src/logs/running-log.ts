import type { AnchorWork } from '../anchoring.ts';
import type { PipelineState, PublishingState } from '../pipeline.ts';
import type { Logger, SignedCheckpoint, SourceHealth } from '../ports.ts';
import type { SigningSecrets } from '../signers/port.ts';

/** How far a log is, and how its parts do. */
export interface WorkStatus {
  /** leaves committed */
  size: number;
  signedSize: number;
  sequencing: PipelineState;
  publishing: PublishingState;
  source: SourceHealth['state'];
  /** what is wrong with the source, and dangerous settings of it */
  sourceCodes: readonly string[];
  anchoring: 'off' | PipelineState;
  anchoredSize: number;
  /** null: no chain */
  anchor: AnchorWork | null;
  /** messages that wait for a promise */
  waitingMessages: number;
}

export interface LogDeps {
  logger: Logger;
  /** of the key files; without it `<keys>/passphrase` is read */
  passphrase?: string;
  /** First brings a store that is behind the published log up to it. */
  catchUp?: boolean;
  /** of the login at the broker, where the configuration names no file */
  kafkaPassword?: string;
  /** what the environment holds for the operator's signer */
  signing?: SigningSecrets;
  /** Gives up waiting as a stand-by; a log that runs is ended by `close`. */
  signal?: AbortSignal;
  /** Another instance holds the log: this one waits. */
  onStandby?: () => void;
  /** This checkpoint is about to be served. */
  onPublish?: (checkpoint: SignedCheckpoint) => void;
}

/** A log that this process works on, wherever: on this thread or on another. */
export interface RunningLog {
  status(): WorkStatus;
  /** Rejects when it can no longer sequence or publish and must be started again; resolves once closed. */
  done: Promise<void>;
  /** Sequences and publishes what was read, then ends. Whoever calls again waits for the same end. */
  close(): Promise<void>;
}
