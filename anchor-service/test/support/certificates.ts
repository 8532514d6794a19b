import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TlsFiles } from '../../src/countersigner/tls-files.ts';

/** A certificate and its private key, PEM. */
export interface Identity {
  name: string;
  cert: string;
  key: string;
  privateKey: KeyObject;
}

export interface Wanted {
  /** signs it; left out: itself */
  by?: Identity;
  /** `DNS:…`, `URI:…` and `IP:a.b.c.d` */
  names?: readonly string[];
  isAuthority?: boolean;
  /** days from now */
  from?: number;
  to?: number;
}

const OID = {
  commonName: [0x55, 0x04, 0x03],
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  basicConstraints: [0x55, 0x1d, 0x13],
  subjectAltName: [0x55, 0x1d, 0x11],
};

/** X.509 v3 by RFC 5280, P-256, as far as TLS needs it: no tool has to be installed, and any name can be put in. */
export function issue(name: string, wanted: Wanted = {}): Identity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const day = (offset: number): Buffer =>
    der(0x17, utcTime(new Date(Date.now() + offset * 86_400_000)));
  const body = sequence(
    der(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    nameOf(wanted.by?.name ?? name),
    sequence(day(wanted.from ?? -1), day(wanted.to ?? 30)),
    nameOf(name),
    publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, sequence(...extensions(wanted))),
  );
  const signature = sign('sha256', body, wanted.by?.privateKey ?? privateKey);
  const bytes = sequence(body, algorithm, der(0x03, Buffer.of(0), signature));
  const lines = bytes.toString('base64').replace(/(.{64})/g, '$1\n');
  return {
    name,
    cert: `-----BEGIN CERTIFICATE-----\n${lines.trimEnd()}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    privateKey,
  };
}

export function authority(name: string): Identity {
  return issue(name, { isAuthority: true });
}

/** The files of one side, as a configuration names them. */
export function writeTls(
  dir: string,
  own: Pick<Identity, 'cert' | 'key'>,
  ca: Identity,
): TlsFiles & { caFile: string } {
  const files = {
    certFile: join(dir, 'tls.crt'),
    keyFile: join(dir, 'tls.key'),
    caFile: join(dir, 'ca.crt'),
  };
  writeFileSync(files.certFile, own.cert);
  writeFileSync(files.keyFile, own.key, { mode: 0o600 });
  writeFileSync(files.caFile, ca.cert);
  return files;
}

function extensions({ isAuthority = false, names = [] }: Wanted): Buffer[] {
  const constraints = isAuthority
    ? [
        sequence(
          oid(OID.basicConstraints),
          der(0x01, Buffer.of(0xff)),
          der(0x04, sequence(der(0x01, Buffer.of(0xff)))),
        ),
      ]
    : [];
  const alternatives =
    names.length === 0
      ? []
      : [sequence(oid(OID.subjectAltName), der(0x04, sequence(...names.map(alternative))))];
  return [...constraints, ...alternatives];
}

function alternative(name: string): Buffer {
  const [, kind, value] = /^(DNS|URI|IP):(.*)$/s.exec(name)!;
  if (kind === 'IP') return der(0x87, Buffer.from(value!.split('.').map(Number)));
  return der(kind === 'DNS' ? 0x82 : 0x86, Buffer.from(value!));
}

function nameOf(name: string): Buffer {
  return sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(name)))));
}

function utcTime(date: Date): Buffer {
  return Buffer.from(
    `${date
      .toISOString()
      .replace(/[-:T]|\.\d+Z/g, '')
      .slice(2)}Z`,
  );
}

function oid(bytes: readonly number[]): Buffer {
  return der(0x06, Buffer.from(bytes));
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length =
    body.length < 128
      ? [body.length]
      : body.length < 256
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.of(tag, ...length), body]);
}
