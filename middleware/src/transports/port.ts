import type { LogReader } from '@showcause/core/node';

/** One spooled message on its way to the anchor service. */
export interface OutgoingMessage {
  /** u32 entry length ‖ entry ‖ sealed payload */
  value: Uint8Array;
  /** the stream: key and partition follow from it */
  producer: string;
  /** non-personal CloudEvents attributes and, for streamed entries, `showcause-promise` */
  headers: Readonly<Record<string, string | Uint8Array>>;
}

/**
 * How spooled messages reach the anchor service. Nothing above trusts it: what it loses or repeats
 * costs time or a duplicate, never a decision, because the spool keeps everything.
 */
export interface Transport {
  readonly name: string;
  /** the published log, for inclusion proofs and anchors; null when it is not known here */
  readonly log: LogReader | null;
  /** True when the service reads the spool itself, so that nothing has to be published. */
  readonly readsSpool: boolean;
  connect(): Promise<void>;
  /** Resolves when every message is stored by the other side, in this order; else rejects; its code is told as `failing`. */
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
  close(): Promise<void>;
}
