import { readSecurity } from './access.ts';
import type { KafkaAccess } from './access.ts';
import { kafkajsClient } from './client-kafkajs.ts';
import { loadPlatformatic, platformaticClient } from './client-platformatic.ts';
import type { KafkaClient } from './port.ts';

/**
 * A client that has not connected yet. Certificates and passwords are read now, so that a new client finds new ones.
 * @param firstSeed  rotates the brokers: a client begins with its first one, so a dead one must not stay there
 * @throws {KafkaError} `KAFKA_SECURITY`, `KAFKA_CERTIFICATE`, `KAFKA_CLIENT_MISSING`
 */
export async function openKafka(access: KafkaAccess, firstSeed = 0): Promise<KafkaClient> {
  const security = readSecurity(access);
  const first = firstSeed % access.brokers.length;
  const brokers = [...access.brokers.slice(first), ...access.brokers.slice(0, first)];
  return access.client === 'kafkajs'
    ? kafkajsClient(access, brokers, security)
    : platformaticClient(await loadPlatformatic(), access, brokers, security);
}
