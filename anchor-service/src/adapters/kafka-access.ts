import { checkTopic as check } from '@showcause/kafka';
import type { KafkaAccess, TopicFinding } from '@showcause/kafka';
import type { LogConfig } from '../config.ts';

export type KafkaTransport = Extract<LogConfig['transport'], { kind: 'kafka' }>;

/** How the service reaches its brokers; `password` is what the environment gave. */
export function kafkaAccess(transport: KafkaTransport, password?: string): KafkaAccess {
  const { client, brokers, tls, sasl } = transport;
  return {
    client,
    brokers,
    clientId: 'showcause-anchor-service',
    tls,
    sasl: sasl === null || password === undefined ? sasl : { ...sasl, password },
  };
}

/**
 * Every dangerous setting of the configured topic and its broker, as far as the service's login may see them.
 * @throws {KafkaError} when the topic is not there, or the broker refuses or does not answer
 */
export function checkTopic(transport: KafkaTransport, password?: string): Promise<TopicFinding[]> {
  return check(kafkaAccess(transport, password), transport.topic);
}
