import { AuditError } from '../errors.ts';
import type { KeyStore } from '../keystore/keystore.ts';
import { decisionFacts } from '../record/container.ts';
import type { DecisionFacts } from '../record/container.ts';
import type { RequestFacts } from '../record/messages.ts';

/** A decision that is being made. */
export interface OpenRequest {
  facts: RequestFacts;
  claims: DecisionFacts;
  intents: { call: number | null; leaf: string }[];
  /** leaf hash of its decision entry, hex, once made */
  decision: string | null;
}

/** A decision that ended: about whom, and the leaf hash of its entry, hex. */
export interface EndedRequest {
  readonly subject: string | null;
  readonly decision: string;
  /** whether its person was erased since */
  isErased: boolean;
}

/** How many idempotency keys and ended decisions are remembered; the index knows the older decisions. */
const MOST_ATTEMPTS = 10_000;
const MOST_ENDED = 1_000;

/** The decisions under way, and the newest that ended. */
export class OpenRequests {
  readonly #open = new Map<string, OpenRequest>();
  readonly #ended = new Map<string, EndedRequest>();
  readonly #attempts = new Map<string, string>();

  get size(): number {
    return this.#open.size;
  }

  /** The request of a decision, begun by the first message that brings its facts. */
  open(decisionId: string, facts: RequestFacts | null, keys: KeyStore): OpenRequest {
    const known = this.#open.get(decisionId);
    if (known !== undefined) return known;
    if (facts === null)
      throw new AuditError('DECISION_ENDED', { got: 'a message after the decision' });
    const idempotencyKey =
      facts.idempotencyKey === null ? null : keys.idempotency(facts.idempotencyKey);
    const keyed = {
      subject: facts.subject === null ? null : keys.pseudonym(facts.subject),
      idempotencyKey,
      retryOf: idempotencyKey === null ? null : this.#attempt(idempotencyKey, decisionId),
    };
    const claims = decisionFacts(decisionId, facts, keyed);
    const request: OpenRequest = { facts, claims, intents: [], decision: null };
    this.#open.set(decisionId, request);
    return request;
  }

  get(decisionId: string): OpenRequest | null {
    return this.#open.get(decisionId) ?? null;
  }

  close(decisionId: string): void {
    const request = this.#open.get(decisionId);
    this.#open.delete(decisionId);
    if (request?.decision)
      remember(
        this.#ended,
        decisionId,
        {
          subject: request.claims.subject,
          decision: request.decision,
          isErased: false,
        },
        MOST_ENDED,
      );
  }

  ended(decisionId: string): EndedRequest | null {
    return this.#ended.get(decisionId) ?? null;
  }

  /** Remembers that the decisions of a person were erased, whatever key that person gets later. @param subject pseudonym */
  erase(subject: string): void {
    for (const ended of this.#ended.values()) if (ended.subject === subject) ended.isErased = true;
  }

  /** An intent that never became durable is none. @param leaf hex */
  forget(leaf: string): void {
    for (const [id, request] of this.#open) {
      const at = request.intents.findIndex((intent) => intent.leaf === leaf);
      if (at < 0) continue;
      request.intents.splice(at, 1);
      if (request.intents.length === 0) this.#open.delete(id);
      return;
    }
  }

  /** The decision that had this key before, on this worker; then this one. */
  #attempt(key: string, decisionId: string): string | null {
    const earlier = this.#attempts.get(key) ?? null;
    this.#attempts.delete(key);
    remember(this.#attempts, key, decisionId, MOST_ATTEMPTS);
    return earlier;
  }
}

function remember<T>(map: Map<string, T>, name: string, value: T, most: number): void {
  map.set(name, value);
  if (map.size > most) map.delete(map.keys().next().value!);
}
