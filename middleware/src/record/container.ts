import { canonicalJson, isJsonObject, sha256, toHex } from '@showcause/core';
import type { Json, JsonObject } from '@showcause/core';
import type {
  DecisionMessage,
  ExplanationMessage,
  FollowupMessage,
  RequestFacts,
  ResponseFacts,
  ScoredCall,
} from './messages.ts';
import { containerText, optionalText, recordText, stringText } from './record-text.ts';
import type { ClaimTexts, RecordText } from './record-text.ts';
import {
  attributionValues,
  byOutput,
  lenientJson,
  numberValue,
  numberValues,
  timestamp,
  wellFormed,
} from './values.ts';

/**
 * What a sealed payload holds, RFC 8785: `v`, `kind`, `claims` by name (without `payload`, the hash
 * of this very container, and without the roots of the vectors), the vectors `features` and
 * `attributions`, and for the main entry of a decision `request`, `response`, `page` and `shown`.
 */

/** hex SHA-256 of no bytes */
const EMPTY_HASH = toHex(sha256(new Uint8Array(0)));

/** What stays the same over all entries of one decision, as claims. */
export interface DecisionFacts {
  decisionId: string;
  /** hex pseudonym */
  subject: string | null;
  texts: ClaimTexts;
}

/** @param keyed  pseudonym, HMAC of the idempotency key, and the earlier decision with that key */
export function decisionFacts(
  decisionId: string,
  facts: RequestFacts,
  keyed: { subject: string | null; idempotencyKey: string | null; retryOf: string | null },
): DecisionFacts {
  return {
    decisionId,
    subject: keyed.subject,
    texts: {
      decisionId: `"${decisionId}"`,
      subject: optionalText(keyed.subject),
      requestHash: `"${facts.body === null ? EMPTY_HASH : toHex(sha256(facts.body))}"`,
      route: stringText(wellFormed(facts.route)),
      startedAt: `"${timestamp(facts.startedAt)}"`,
      trace: optionalText(facts.trace),
      idempotencyKey: optionalText(keyed.idempotencyKey),
      retryOf: optionalText(keyed.retryOf),
    },
  };
}

const NO_VECTORS = { features: null, attributions: null };

export function intentText(
  facts: DecisionFacts,
  call: number | null,
  features: Float64Array | null,
): RecordText {
  const vectors =
    features === null
      ? NO_VECTORS
      : { features: texts(numberValues(features)), attributions: null };
  return recordText(
    'intent',
    [facts.texts, { call: call === null ? null : `${call}` }],
    vectors,
    {},
  );
}

/** The main call's entry carries request and response; other calls of the same request only their own numbers. */
export function decisionText(
  message: DecisionMessage,
  facts: DecisionFacts,
  request: RequestFacts,
  standing: ClaimTexts,
  call: ScoredCall | null,
  main: boolean,
): RecordText {
  const { shown, ...stated } = statedTexts(message.stated);
  const { response } = message;
  const own: ClaimTexts = {
    status: `"${message.status}"`,
    responseHash: response === null ? null : `"${response.hash ?? hashOf(response.body)}"`,
    responseStatus: response === null ? null : `${response.status}`,
    endedAt: `"${timestamp(message.endedAt)}"`,
    ...scoreTexts(call),
  };
  const explanation = call?.explanation ?? null;
  const vectors =
    call === null
      ? NO_VECTORS
      : {
          features: texts(numberValues(call.features)),
          attributions:
            explanation === null ? null : texts(attributionValues(explanation.attributions)),
        };
  return recordText(
    'decision',
    [facts.texts, standing, stated, own],
    vectors,
    main ? exchangeTexts(message, request, response, shown ?? null) : {},
  );
}

function scoreTexts(call: ScoredCall | null): ClaimTexts {
  if (call === null) return { call: null, explanation: '{"status":"none"}' };
  const { explanation, margin, probability, score } = call;
  const scored = {
    call: `${call.call}`,
    score: canonicalJson({
      margin: byOutput(margin),
      score: byOutput(score),
      probability: byOutput(probability),
    }),
  };
  if (explanation === null)
    return { ...scored, explanation: canonicalJson({ status: 'failed', error: call.unexplained }) };
  const { baseValue, additivityError, attributions: _, background, ...facts } = explanation;
  return {
    ...scored,
    explanation: canonicalJson({
      status: 'exact',
      ...facts,
      background: background === null ? null : { ...background },
      baseValue: byOutput(baseValue),
      additivityError: numberValue(additivityError),
    }),
  };
}

function exchangeTexts(
  message: DecisionMessage,
  request: RequestFacts,
  response: ResponseFacts | null,
  shown: string | null,
): RecordText['members'] {
  const { page } = message;
  return {
    request:
      `{"body":${bodyText(request.body)},"contentType":${contentTypeText(request.contentType)},` +
      `"raw":${request.raw}}`,
    response:
      response === null
        ? 'null'
        : `{"body":${bodyText(response.body)},"contentType":${contentTypeText(response.contentType)},` +
          `"length":${response.length},${response.redacted === true ? '"redacted":true,' : ''}"status":${response.status},"streamed":${response.streamed}}`,
    page:
      page === null
        ? 'null'
        : `{"expires":"${timestamp(page.expires)}","tokenHash":"${toHex(sha256(Buffer.from(page.token, 'hex')))}"}`,
    shown: shown ?? 'null',
  };
}

/** What an epoch start states about an intent that a crash left open. @param intent its claims, null when its key is gone */
export function unknownText(intent: JsonObject | null, standing: ClaimTexts): RecordText {
  const kept = intent === null ? {} : memberTexts(intent);
  return recordText(
    'decision',
    [kept, standing, { status: '"unknown"', explanation: '{"status":"none"}' }],
    NO_VECTORS,
    {},
  );
}

/** What is stated about an intent whose decision could not be written: no answer was given. */
export function refusedText(
  facts: DecisionFacts,
  standing: ClaimTexts,
  call: number | null,
): RecordText {
  const own = {
    status: '"error"',
    error: '{"code":"DECISION_UNLOGGABLE","name":null}',
    explanation: '{"status":"none"}',
    call: call === null ? null : `${call}`,
  };
  return recordText('decision', [facts.texts, standing, own], NO_VECTORS, {});
}

/** @param explains  leaf hash of the decision, hex */
export function followupText(
  message: FollowupMessage | ExplanationMessage,
  subject: string | null,
  explains: string | null,
): RecordText {
  const about = {
    decisionId: `"${message.decisionId}"`,
    subject: optionalText(subject),
    explains: optionalText(explains),
  };
  const parts = [statedTexts(message.stated), about];
  if (message.kind === 'followup') return recordText(message.kind, parts, NO_VECTORS, {});
  return filledUp(recordText(message.kind, parts, NO_VECTORS, { shown: '""' }), message.size);
}

/**
 * Every decision gets an explanation entry; without blanks the size of what is sealed would tell the adverse ones.
 * @throws {RangeError} for one that is larger already
 */
function filledUp(text: RecordText, size: number): RecordText {
  const blanks = size - Buffer.byteLength(containerText(text));
  return { ...text, members: { ...text.members, shown: `"${' '.repeat(blanks)}"` } };
}

/** Claims that every decision of the deployment states. @param json JSON texts as the configuration has them */
export function standingTexts(json: { people: string; retention: string }): ClaimTexts {
  return statedTexts(`{"people":${json.people},"retention":${json.retention}}`);
}

function statedTexts(json: string): Record<string, string> {
  return memberTexts(lenientJson(json));
}

function memberTexts(value: JsonObject): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, member] of Object.entries(value)) if (member !== null) out[name] = text(member);
  return out;
}

function texts(values: readonly Json[]): string[] {
  return values.map(text);
}

function text(value: Json): string {
  return isJsonObject(value) || Array.isArray(value) ? canonicalJson(value) : JSON.stringify(value);
}

function bodyText(body: Uint8Array | null): string {
  return body === null
    ? 'null'
    : `"${Buffer.from(body.buffer, body.byteOffset, body.length).toString('base64')}"`;
}

function contentTypeText(contentType: string | null): string {
  return contentType === null ? 'null' : stringText(wellFormed(contentType));
}

function hashOf(body: Uint8Array | null): string {
  return body === null || body.length === 0 ? EMPTY_HASH : toHex(sha256(body));
}
