import { concatBytes, fromBase64, fromHex, toBase64, u64, utf8 } from './bytes.ts';
import { parseEntryOf } from './entry.ts';
import type { EntryOf, RegistrationEntry } from './entry.ts';
import { ShowcauseError } from './errors.ts';
import { sha256 } from './hash.ts';
import { canonicalBytes } from './json.ts';
import { leafHash } from './merkle.ts';
import { parseVkey } from './note.ts';
import { verifyEd25519, verifyP256 } from './signatures.ts';

/**
 * Reads entry 0.
 * @throws {ShowcauseError} what `parseEntry` throws; `ENTRY_SCHEMA` also when the log's verifier key does not parse or
 *   is not named by the origin
 */
export function parseGenesis(bytes: Uint8Array): EntryOf<'genesis'> {
  const genesis = parseEntryOf('genesis', bytes);
  let name: string;
  try {
    ({ name } = parseVkey(genesis.log));
  } catch (cause) {
    throw new ShowcauseError('ENTRY_SCHEMA', {
      got: 'genesis/log',
      want: 'a C2SP verifier key',
      cause,
    });
  }
  if (name !== genesis.origin)
    throw new ShowcauseError('ENTRY_SCHEMA', {
      got: 'genesis/log',
      want: 'a key named by the origin',
    });
  return genesis;
}

/** logId = RFC 6962 leaf hash of entry 0 = root of the tree of size 1. 32 bytes. @throws as {@link parseGenesis} */
export function logIdOf(genesis: Uint8Array): Uint8Array {
  parseGenesis(genesis);
  return leafHash(genesis);
}

/** Key id of a producer: SHA-256(x ‖ y). @param publicKey 64 bytes, x ‖ y */
export function producerKeyId(publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== 64)
    throw new RangeError(`got ${publicKey.length} bytes, want x ‖ y, 64`);
  return sha256(publicKey);
}

/** A key covers its producer `name` and `name/*` (workers, pods). */
export function coversProducer(keyName: string, producer: string): boolean {
  return producer === keyName || producer.startsWith(`${keyName}/`);
}

const REGISTRAR_LABEL = utf8('showcause/reg/v1');
const STREAM_LABEL = utf8('showcause/str/v1');

/** What the registrar signs for a `key`, `deployment` or `anchorage` entry: label ‖ logId ‖ SHA-256(JCS(entry without `sig`)). */
export function registrarMessage(logId: Uint8Array, entry: object): Uint8Array {
  const { sig: _, ...unsigned } = entry as { sig?: unknown };
  return concatBytes(REGISTRAR_LABEL, logId, sha256(canonicalBytes(unsigned)));
}

/**
 * @param registrar  Ed25519 public key, 32 bytes, as genesis names it
 * @throws {ShowcauseError} `REGISTRAR_SIGNATURE`
 */
export function verifyRegistration(
  entry: RegistrationEntry,
  logId: Uint8Array,
  registrar: Uint8Array,
): void {
  if (!verifyEd25519(registrar, registrarMessage(logId, entry), fromBase64(entry.sig, 64)))
    throw new ShowcauseError('REGISTRAR_SIGNATURE', { got: `${entry.type} ${entry.id}` });
}

/**
 * What a producer signs in its `stream`, `heartbeat`, `gap`, `streamGap`, `equivocation`, `opaque` and `governance` entries:
 * label ‖ logId ‖ key id ‖ epoch u64 ‖ seq u64 ‖ prev 32. It binds the place and, through `prev`, everything before
 * it; the entry's own members are bound by the promise that covers it, or by the next signature.
 */
export function streamMessage(
  logId: Uint8Array,
  keyId: Uint8Array,
  position: { epoch: number; seq: number; prev: string },
): Uint8Array {
  return concatBytes(
    STREAM_LABEL,
    logId,
    keyId,
    u64(position.epoch),
    u64(position.seq),
    fromHex(position.prev, 32),
  );
}

/**
 * @param publicKey  P-256, x ‖ y, 64 bytes
 * @throws {ShowcauseError} `STREAM_SIGNATURE`
 */
export function verifyStreamSignature(
  entry: { epoch: number; seq: number; prev: string; sig: string },
  logId: Uint8Array,
  publicKey: Uint8Array,
): void {
  const message = streamMessage(logId, producerKeyId(publicKey), entry);
  if (!verifyP256(publicKey, message, fromBase64(entry.sig, 64)))
    throw new ShowcauseError('STREAM_SIGNATURE', { got: `epoch ${entry.epoch} seq ${entry.seq}` });
}

/** Base64 of a 64-byte signature, as entries carry it. */
export function formatSignature(signature: Uint8Array): string {
  if (signature.length !== 64) throw new RangeError(`got ${signature.length} bytes, want 64`);
  return toBase64(signature);
}
