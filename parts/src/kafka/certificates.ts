import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PartError } from '../errors.ts';

/** PEM files of a certificate authority made for one run, for brokers and a client. */
export interface KafkaCertificates {
  caFile: string;
  /** of an authority that signed nothing here */
  otherCaFile: string;
  clientCertFile: string;
  clientKeyFile: string;
  /** the only name that a broker's certificate holds */
  serverName: string;
  /** key and certificate of a broker, as Kafka reads them */
  brokerStore: string;
  /** the same with a certificate that has expired */
  expiredStore: string;
}

const SERVER_NAME = 'kafka.internal';

/** Makes them by openssl. @throws {PartError} `PART_MISSING`, `PROCESS_FAILED` */
export function makeCertificates(dir: string): KafkaCertificates {
  mkdirSync(dir, { recursive: true });
  const at = (name: string): string => join(dir, name);
  authority(at('ca'));
  authority(at('other-ca'));
  certificate(at('broker'), at('ca'), SERVER_NAME, 3);
  // No days at all: over at the second in which it begins.
  certificate(at('expired'), at('ca'), SERVER_NAME, 0);
  certificate(at('client'), at('ca'), 'client', 3);
  return {
    caFile: at('ca.pem'),
    otherCaFile: at('other-ca.pem'),
    clientCertFile: at('client.pem'),
    clientKeyFile: at('client.key'),
    serverName: SERVER_NAME,
    brokerStore: store(at('broker')),
    expiredStore: store(at('expired')),
  };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function authority(path: string): void {
  const out = ['-keyout', `${path}.key`, '-out', `${path}.pem`];
  openssl(['req', '-x509', ...NEW_KEY, ...out, '-days', '3', '-subj', '/CN=test authority']);
}

function certificate(path: string, ca: string, name: string, days: number): void {
  const out = ['-keyout', `${path}.key`, '-out', `${path}.csr`];
  const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  openssl(['req', ...NEW_KEY, ...out, ...names]);
  const signer = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial'];
  const request = ['-in', `${path}.csr`, '-out', `${path}.pem`, '-copy_extensions', 'copy'];
  openssl(['x509', '-req', ...request, ...signer, '-days', String(days)]);
}

function store(path: string): string {
  const file = `${path}.store.pem`;
  writeFileSync(file, readFileSync(`${path}.key`, 'utf8') + readFileSync(`${path}.pem`, 'utf8'), {
    mode: 0o600,
  });
  return file;
}

function openssl(args: readonly string[]): void {
  const { status, error } = spawnSync('openssl', args, { stdio: 'ignore', timeout: 30_000 });
  if (error !== undefined) throw new PartError('PART_MISSING', { got: 'no openssl on the PATH' });
  if (status !== 0)
    throw new PartError('PROCESS_FAILED', { got: `exit code ${status} from openssl ${args[0]}` });
}
