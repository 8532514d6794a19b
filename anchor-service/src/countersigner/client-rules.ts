import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { ChainError } from '../chain/errors.ts';

/** `sha256:` and the fingerprint of a certificate, or `dns:` or `uri:` and one of its subject alternative names. */
const RULE =
  /^(sha256:([0-9a-f]{64}|[0-9a-f]{2}(:[0-9a-f]{2}){31})|dns:[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|uri:[!-~]{1,1024})$/;

/** Whether this is how a client may be named in a configuration. */
export function isClientRule(rule: string): boolean {
  return RULE.test(normal(rule));
}

/**
 * Who is at the other end, by its verified certificate.
 * @param rules  at least one of them must hold
 * @returns the certificate's SHA-256 fingerprint
 * @throws {ChainError} `COUNTERSIGN_CLIENT_MISSING`, `_EXPIRED`, `_CA`, `_UNKNOWN`
 */
export function admitClient(socket: TLSSocket, rules: readonly string[]): string {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined)
    throw new ChainError('COUNTERSIGN_CLIENT_MISSING', { got: 'a connection without one' });
  if (!socket.authorized) throw unauthorized(String(socket.authorizationError));
  const names = namesOf(certificate);
  if (!rules.map(normal).some((rule) => names.includes(rule)))
    throw new ChainError('COUNTERSIGN_CLIENT_UNKNOWN', {
      got: `fingerprint ${certificate.fingerprint256}`,
      want: 'one that the configuration names',
    });
  return certificate.fingerprint256;
}

function unauthorized(reason: string): ChainError {
  // OpenSSL's own name of what is wrong, never what the certificate says.
  const got = /^[A-Z0-9_]{1,64}$/.test(reason) ? reason : 'unverified';
  const expired = got === 'CERT_HAS_EXPIRED' || got === 'CERT_NOT_YET_VALID';
  return new ChainError(expired ? 'COUNTERSIGN_CLIENT_EXPIRED' : 'COUNTERSIGN_CLIENT_CA', { got });
}

function namesOf({ fingerprint256, subjectAltName = '' }: X509Certificate): string[] {
  const names = [normal(`sha256:${fingerprint256}`)];
  // Node puts a name between quotes when it holds what could pass for another name.
  if (subjectAltName.includes('"')) return names;
  return names.concat(subjectAltName.split(', ').map(normal));
}

/** Host names and digits in one case; fingerprints without openssl's colons; what a URI says after its scheme stays. */
function normal(name: string): string {
  const at = name.indexOf(':');
  const kind = name.slice(0, at).toLowerCase();
  const rest = name.slice(at + 1);
  if (kind === 'sha256') return `sha256:${rest.replaceAll(':', '').toLowerCase()}`;
  return `${kind}:${kind === 'dns' ? rest.toLowerCase() : rest}`;
}
