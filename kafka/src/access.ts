import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ShowcauseError } from '@showcause/core';
import { readSecretFile } from '@showcause/core/node';
import { KafkaError } from './errors.ts';

export type ClientName = 'kafkajs' | 'platformatic';
export type Mechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

/** PEM files for TLS; the system's authorities where no `caFile` is given. */
export interface KafkaTls {
  caFile?: string | null;
  /** this side's certificate, with its key */
  certFile?: string | null;
  /** mode 0600 */
  keyFile?: string | null;
  /** name that the broker's certificate must hold, where it is not the host's */
  serverName?: string | null;
}

/** A login. PLAIN is refused without TLS. */
export interface KafkaLogin {
  mechanism: Mechanism;
  username: string;
  /** mode 0600; read again for each connection */
  passwordFile?: string | null;
  /** instead of a file: what the environment gave */
  password?: string | null;
}

/** How to reach a cluster. */
export interface KafkaAccess {
  client: ClientName;
  /** host:port of brokers to begin with */
  brokers: readonly string[];
  clientId: string;
  tls: KafkaTls | null;
  sasl: KafkaLogin | null;
  /** for each connection and request */
  timeoutMs?: number;
}

/** What a connection is made with, read from the files. */
export interface Security {
  tls: {
    minVersion: 'TLSv1.2';
    ca?: string;
    cert?: string;
    key?: string;
    servername?: string;
  } | null;
  login: { mechanism: Mechanism; username: string; password: string } | null;
}

/** @throws {KafkaError} `KAFKA_SECURITY`, `KAFKA_CERTIFICATE` */
export function readSecurity({ tls, sasl }: Pick<KafkaAccess, 'tls' | 'sasl'>): Security {
  if (sasl?.mechanism === 'PLAIN' && tls === null)
    throw new KafkaError('KAFKA_SECURITY', { got: 'PLAIN without TLS', want: 'TLS, or SCRAM' });
  return { tls: tls === null ? null : readTls(tls), login: sasl === null ? null : login(sasl) };
}

function readTls({ caFile, certFile, keyFile, serverName }: KafkaTls): Security['tls'] {
  if (isGiven(certFile) !== isGiven(keyFile))
    throw new KafkaError('KAFKA_SECURITY', { got: 'one of certFile and keyFile', want: 'both' });
  const cert = isGiven(certFile) ? pem(certFile, () => readFileSync(certFile, 'utf8')) : null;
  if (cert !== null) checkDate(certFile!, cert);
  return {
    minVersion: 'TLSv1.2',
    ...(isGiven(caFile) ? { ca: pem(caFile, () => readFileSync(caFile, 'utf8')) } : {}),
    ...(cert === null ? {} : { cert }),
    ...(isGiven(keyFile) ? { key: pem(keyFile, () => readSecretFile(keyFile).toString()) } : {}),
    ...(isGiven(serverName) ? { servername: serverName } : {}),
  };
}

function login({ mechanism, username, passwordFile, password }: KafkaLogin): Security['login'] {
  if (isGiven(passwordFile) === isGiven(password))
    throw new KafkaError('KAFKA_SECURITY', {
      got: isGiven(password) ? 'two passwords' : 'no password',
      want: 'one, from a file or the environment',
    });
  const text = isGiven(passwordFile)
    ? read(passwordFile, () => readSecretFile(passwordFile).toString().trim())
    : password!;
  if (text === '') throw new KafkaError('KAFKA_SECURITY', { got: 'an empty password' });
  return { mechanism, username, password: text };
}

function pem(path: string, load: () => string): string {
  const text = read(path, load);
  if (!text.includes('-----BEGIN '))
    throw new KafkaError('KAFKA_SECURITY', { got: path, want: 'a PEM file' });
  return text;
}

function read(path: string, load: () => string): string {
  try {
    return load();
  } catch (cause) {
    const got = cause instanceof ShowcauseError ? cause.got : path;
    throw new KafkaError('KAFKA_SECURITY', { got, cause });
  }
}

/** A broker would refuse it too, but says less. */
function checkDate(path: string, cert: string): void {
  let validTo: string;
  try {
    ({ validTo } = new X509Certificate(cert));
  } catch (cause) {
    throw new KafkaError('KAFKA_SECURITY', { got: path, want: 'a certificate', cause });
  }
  if (new Date(validTo).getTime() < Date.now())
    throw new KafkaError('KAFKA_CERTIFICATE', { got: `${path}, which expired on ${validTo}` });
}

function isGiven(value: string | null | undefined): value is string {
  return value !== null && value !== undefined;
}
