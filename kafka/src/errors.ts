import { CodedError } from '@showcause/core';
import type { ErrorFacts } from '@showcause/core';

/** What each code of a Kafka connection means and what to do. */
export const kafkaErrorCodes = {
  KAFKA_CLIENT_MISSING: {
    means: 'the Kafka client that was asked for is not installed',
    fix: 'Install @platformatic/kafka beside this (1.35.0 on Node 20), or leave the client at kafkajs.',
  },
  KAFKA_SECURITY: {
    means: 'files or settings for TLS or login at the broker cannot be used',
    fix: 'Check the paths; key and password files have mode 0600; PLAIN needs TLS; a certificate needs its key.',
  },
  KAFKA_CERTIFICATE: {
    means: 'a certificate is not accepted, by this side or by the broker',
    fix: 'Check caFile, serverName, the client certificate, and that none has expired.',
  },
  KAFKA_AUTHENTICATION: {
    means: 'broker refuses this login',
    fix: 'Check mechanism, user name and password; a new password file is read at the next attempt.',
  },
  KAFKA_AUTHORIZATION: {
    means: 'this login may not do that at the broker',
    fix: 'Grant the rights that docs/kafka.md lists.',
  },
  KAFKA_TOPIC: {
    means: 'topic is not there',
    fix: 'Make it, or let the service make it: nobody else does.',
  },
  KAFKA_SETTINGS: {
    means: 'topic has settings under which entries would be lost or could not be read',
    fix: 'Change the setting that is named; docs/kafka.md says to what.',
  },
  KAFKA_OFFSETS: {
    means: 'broker lost what it had acknowledged',
    fix: 'Restore the topic; or publish the spools again, and start with a store that has read all the old topic held.',
  },
  KAFKA_UNREACHABLE: {
    means: 'no broker answers as it must',
    fix: 'Check the brokers and the way to them; what waits is kept, and tried again.',
  },
  KAFKA_ANSWER: {
    means: 'broker answered something that does not prove delivery',
    fix: 'The messages are sent again; duplicates are harmless.',
  },
} as const;

export type KafkaErrorCode = keyof typeof kafkaErrorCodes;

/** A broker, topic, login or certificate is not as it must be. */
export class KafkaError extends CodedError {
  override readonly name: string = 'KafkaError';
  declare readonly code: KafkaErrorCode;

  constructor(code: KafkaErrorCode, facts: ErrorFacts) {
    super(code, kafkaErrorCodes[code], facts);
  }
}

/** Faults that somebody has to mend; the others may pass by themselves. */
export function needsSomebody(code: string): boolean {
  return code !== 'KAFKA_UNREACHABLE' && code !== 'KAFKA_ANSWER';
}
