import { join } from 'node:path';
import type { KafkaCertificates } from './certificates.ts';

/** A user of the secure listeners. */
export interface KafkaUser {
  name: string;
  password: string;
}

/** Where one broker listens. */
export interface NodePorts {
  plain: number;
  controller: number;
  /** SASL over TLS */
  sasl: number;
  /** TLS with a client's certificate */
  mutual: number;
  /** SASL over TLS with a certificate that has expired */
  expired: number;
}

export interface NodePlan {
  id: number;
  dir: string;
  ports: NodePorts;
  /** `id@host:port` of every controller */
  voters: string;
  /** how many brokers there are */
  nodes: number;
  /** what clients are told to connect to instead of the plain port: a proxy before it */
  advertisedPort: number | null;
  secure: { certificates: KafkaCertificates; user: KafkaUser } | null;
  /** of server.properties, over ours */
  settings: Readonly<Record<string, string>>;
}

/** What `server.properties` of a broker holds. */
export function serverProperties(plan: NodePlan): string {
  const settings = {
    ...common(plan),
    ...listeners(plan),
    ...(plan.secure === null ? {} : security(plan.secure)),
    ...plan.settings,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function common({ id, dir, voters, nodes }: NodePlan): Record<string, string | number> {
  const replicas = Math.min(3, nodes);
  const inSync = replicas === 3 ? 2 : 1;
  return {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': voters,
    'log.dirs': join(dir, 'data'),
    'num.partitions': 3,
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'auto.create.topics.enable': 'false',
    'unclean.leader.election.enable': 'false',
    'log.message.timestamp.type': 'LogAppendTime',
    'log.retention.ms': -1,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'group.initial.rebalance.delay.ms': 0,
    'num.network.threads': 1,
    'num.io.threads': 2,
    'log.cleaner.dedupe.buffer.size': 2_097_152,
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
  };
}

function listeners({ ports, secure, advertisedPort }: NodePlan): Record<string, string> {
  const at = (name: string, port: number): string => `${name}://127.0.0.1:${port}`;
  const more =
    secure === null
      ? []
      : [at('SASL', ports.sasl), at('MUTUAL', ports.mutual), at('EXPIRED', ports.expired)];
  return {
    listeners: [at('PLAINTEXT', ports.plain), at('CONTROLLER', ports.controller), ...more].join(),
    'advertised.listeners': [at('PLAINTEXT', advertisedPort ?? ports.plain), ...more].join(),
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map':
      'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_SSL,MUTUAL:SSL,EXPIRED:SASL_SSL',
  };
}

function security({ certificates, user }: NonNullable<NodePlan['secure']>): Record<string, string> {
  const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule';
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule';
  const login = (listener: string): Record<string, string> => ({
    [`listener.name.${listener}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    [`listener.name.${listener}.plain.sasl.jaas.config`]: `${plain} required user_${user.name}="${user.password}";`,
    [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`]: `${scram} required;`,
    [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`]: `${scram} required;`,
  });
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': certificates.brokerStore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': certificates.caFile,
    'listener.name.mutual.ssl.client.auth': 'required',
    'listener.name.expired.ssl.keystore.type': 'PEM',
    'listener.name.expired.ssl.keystore.location': certificates.expiredStore,
    ...login('sasl'),
    ...login('expired'),
  };
}
