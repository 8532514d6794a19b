import { X509Certificate, createHash, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readSecretFile } from '@showcause/core/node';
import { ChainError } from '../chain/errors.ts';

/** One side's files, PEM; the private key with mode 0600 and without a passphrase. */
export interface TlsFiles {
  /** own certificate, then the ones between it and the root */
  certFile: string;
  keyFile: string;
  /** roots that the other side's certificate must come from; null: those that Node knows */
  caFile: string | null;
}

export interface TlsMaterial {
  cert: Buffer;
  key: Buffer;
  ca: Buffer | undefined;
  /** of the own certificate */
  expires: Date;
  /** another one when any of the files has changed */
  digest: string;
}

const MAX_PEM_BYTES = 1024 * 1024;

/** @throws {ChainError} `COUNTERSIGN_TLS_FILE` for what is missing, open to others, expired, or no pair */
export function readTlsFiles({ certFile, keyFile, caFile }: TlsFiles): TlsMaterial {
  const cert = readPem(certFile);
  const key = reading(keyFile, () => readSecretFile(keyFile));
  const ca = caFile === null ? undefined : readPem(caFile);
  const own = reading(certFile, () => new X509Certificate(cert));
  const isPair = reading(keyFile, () => own.checkPrivateKey(createPrivateKey(key)));
  if (!isPair) throw unusable(keyFile, 'the key of another certificate');
  if (caFile !== null) reading(caFile, () => new X509Certificate(ca!));
  checkTime(own, certFile);
  const hash = createHash('sha256').update(cert).update(key);
  return {
    cert,
    key,
    ca,
    expires: new Date(own.validTo),
    digest: hash.update(ca ?? '').digest('hex'),
  };
}

function checkTime(certificate: X509Certificate, file: string): void {
  const now = Date.now();
  if (now >= Date.parse(certificate.validTo))
    throw unusable(file, `a certificate that expired at ${certificate.validTo}`);
  if (now < Date.parse(certificate.validFrom))
    throw unusable(file, `a certificate that begins at ${certificate.validFrom}`);
}

function readPem(file: string): Buffer {
  const bytes = reading(file, () => readFileSync(file));
  if (bytes.length > MAX_PEM_BYTES) throw unusable(file, `${bytes.length} bytes`);
  return bytes;
}

function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    throw unusable(file, typeof code === 'string' ? code : 'no PEM', cause);
  }
}

function unusable(file: string, got: string, cause?: unknown): ChainError {
  return new ChainError('COUNTERSIGN_TLS_FILE', { got: `${got}: ${file}`, cause });
}
