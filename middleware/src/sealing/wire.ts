import type { SealAnswer, SealMessage } from '../record/messages.ts';
import type { ErrorReport } from '../errors.ts';
import type { SealingConfig, SealingStatus } from './config.ts';
import type { Unexplained } from '../spool/decision-index.ts';
import type { ReadDecision } from './read.ts';

/** To the sealing thread: what one turn of the caller's event loop brought. */
export type ToSealer =
  { kind: 'seal'; messages: SealMessage[] } | { kind: 'ask'; id: number; question: Question };

export type Question =
  | { kind: 'read'; decisionId: string }
  | { kind: 'unexplained' }
  | { kind: 'erase'; subject: string }
  | { kind: 'status' }
  | { kind: 'close' };

/** From the sealing thread: the answers of one group commit, or of one question. */
export type FromSealer =
  | { kind: 'ready'; status: SealingStatus }
  | { kind: 'failed'; error: ErrorReport }
  | { kind: 'sealed'; answers: readonly SealAnswer[]; status: SealingStatus | null }
  | {
      kind: 'answer';
      id: number;
      value: ReadDecision | readonly Unexplained[] | number | SealingStatus | null;
    }
  | { kind: 'refused'; id: number; error: ErrorReport };

export interface WorkerStart {
  config: SealingConfig;
}

/**
 * A copy whose buffer is exactly its bytes: structured clone takes a view's whole buffer along, and
 * small Buffers share a pool of 8 KiB.
 */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength && !Buffer.isBuffer(bytes)
    ? bytes
    : new Uint8Array(bytes);
}

/** The message with every byte string cut loose from shared buffers. */
export function detached(message: SealMessage): SealMessage {
  if (message.kind !== 'intent' && message.kind !== 'decision') return message;
  const { facts } = message;
  const own =
    facts === null || facts.body === null ? facts : { ...facts, body: ownBytes(facts.body) };
  if (message.kind === 'intent') return { ...message, facts: own };
  const { response } = message;
  if (response === null || response.body === null) return { ...message, facts: own };
  return { ...message, facts: own, response: { ...response, body: ownBytes(response.body) } };
}
