import { KafkaError } from './errors.ts';
import type { KafkaErrorCode } from './errors.ts';

/** By what an error or one of its causes is called: name, code, protocol's name. The first that fits counts. */
const KINDS: readonly [RegExp, KafkaErrorCode][] = [
  [
    /^(CERT_|ERR_TLS_CERT|ERR_SSL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_OSSL_|EPROTO$)/,
    'KAFKA_CERTIFICATE',
  ],
  [
    /^(SASL_AUTHENTICATION_FAILED|UNSUPPORTED_SASL_MECHANISM|KafkaJSSASLAuthenticationError|PLT_KFK_AUTHENTICATION)$/,
    'KAFKA_AUTHENTICATION',
  ],
  [/_AUTHORIZATION_FAILED$/, 'KAFKA_AUTHORIZATION'],
  [/^(OFFSET_OUT_OF_RANGE|KafkaJSOffsetOutOfRange)$/, 'KAFKA_OFFSETS'],
  [/^(UNKNOWN_TOPIC_OR_PARTITION|UNKNOWN_TOPIC_ID|INCONSISTENT_TOPIC_ID)$/, 'KAFKA_TOPIC'],
];

const MAX_CAUSES = 32;

/** Any error of a client as one of ours. Names and codes alone are taken over: a message may say what was sent. */
export function kafkaFault(error: unknown): KafkaError {
  if (error instanceof KafkaError) return error;
  const names = [...namesOf(error)];
  for (const [pattern, code] of KINDS) {
    const got = names.find((name) => pattern.test(name));
    if (got !== undefined) return new KafkaError(code, { got, cause: error });
  }
  return new KafkaError('KAFKA_UNREACHABLE', { got: names.slice(0, 3).join(' '), cause: error });
}

/** Names and codes of an error and all that caused it, outermost first. */
function* namesOf(error: unknown): Generator<string> {
  const queue = [error];
  for (let seen = 0; queue.length > 0 && seen < MAX_CAUSES; seen++) {
    const one = queue.shift();
    if (typeof one !== 'object' || one === null) continue;
    const { name, code, type, apiId, cause, errors } = one as Record<string, unknown>;
    for (const text of [apiId, type, code, name])
      if (typeof text === 'string' && /^\w{1,64}$/.test(text)) yield text;
    if (cause !== undefined) queue.push(cause);
    if (Array.isArray(errors)) queue.push(...(errors as unknown[]));
  }
}
