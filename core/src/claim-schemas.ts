import { claimSchema } from './claims.ts';
import type { ClaimSchema } from './claims.ts';

/** Slots of an `intent` entry; depth 4, 16 slots. The order is the format: append only. */
export const intentClaims: ClaimSchema = claimSchema('showcause/intent/v1', 4, [
  'payload', // hex SHA-256 of the plaintext container
  'decisionId', // 32 hex digits; groups intent, decision and followups
  'subject', // keyed pseudonym, hex, or null
  'requestHash', // hex SHA-256 of the raw request body
  'route', // 'POST /v1/applications'
  'startedAt', // RFC 3339 with milliseconds
  'trace', // W3C traceparent
  'idempotencyKey', // hex HMAC under the producer's secret
  'retryOf', // decisionId of an earlier attempt with the same idempotency key on this worker
  'call', // 0-based number of the model call within its request
]);

/** Slots of a `decision` entry; depth 6, 64 slots. The order is the format: append only. */
export const decisionClaims: ClaimSchema = claimSchema('showcause/decision/v1', 6, [
  'payload', // hex SHA-256 of the plaintext container
  'decisionId',
  'subject',
  'status', // 'decided' | 'error' | 'timeout' | 'aborted' | 'unknown'
  'outcome', // what the route's outcome selector read from the response as sent
  'requestHash',
  'responseHash', // hex SHA-256 of the response body as handed to the socket
  'responseStatus', // HTTP status
  'features', // hex root of the vector of features exactly as scored
  'score', // { margin, score, probability }; arrays by class with several outputs
  'attributions', // hex root of the vector of attributions
  'explanation', // { status, method, kernel, version, modelHash, outputSpace, coverSource, background, baseValue, additivityError }
  'reasons', // [{ code, rank, text, statement, language, features }], at most 5
  'rulesFired', // [code]
  'terms', // terms of an offer or counter-offer
  'startedAt',
  'endedAt',
  'route',
  'trace',
  'idempotencyKey',
  'retryOf',
  'call',
  'people', // { accountable, reviewer … }
  'legalBasis', // { lawfulBasis, admBasis, consent, notices }
  'provenance', // sources of the inputs
  'inputQuality',
  'product', // { naturalPerson, type, amountBand }
  'retention', // { class, retainUntil, legalHold }
  'error', // { name, code }: never a message, it may quote a person's data
  'counterfactuals',
  'keyFactors', // FCRA key factors of a bureau score: a list of its own
  'extra', // what the application adds
]);

/** Slots of `followup` and `explanation` entries; depth 4. */
export const followupClaims: ClaimSchema = claimSchema('showcause/followup/v1', 4, [
  'payload',
  'decisionId', // the decision it belongs to
  'subject',
  'kind', // 'review' | 'notice' | 'contest' | 'correction' | 'incompleteDelivery' | 'explanation' | …
  'at',
  'people',
  'outcome',
  'detail',
  'explains', // leaf hash of the decision entry
]);

/** The claim schema of an entry type, or null where the type has no claims. */
export function claimSchemaOf(type: string): ClaimSchema | null {
  if (type === 'intent') return intentClaims;
  if (type === 'decision') return decisionClaims;
  if (type === 'followup' || type === 'explanation') return followupClaims;
  return null;
}
