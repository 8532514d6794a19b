/** What both ends of a topic share: clients in their safe subset, TLS and logins, topic settings and their check. */
export type { ClientName, KafkaAccess, KafkaLogin, KafkaTls, Mechanism } from './access.ts';
export { readSecurity } from './access.ts';
export { checkTopic, createTopic, findingsOf } from './topic.ts';
export { KafkaError, kafkaErrorCodes, needsSomebody } from './errors.ts';
export type { KafkaErrorCode } from './errors.ts';
export { kafkaFault } from './faults.ts';
export { openKafka } from './open.ts';
export type * from './port.ts';
export * from './settings.ts';
