import { toBase64, toHex } from './bytes.ts';
import { parseCosignerVkey } from './cosignature.ts';
import { ShowcauseError } from './errors.ts';
import { sha256 } from './hash.ts';
import { parseGenesis } from './identity.ts';
import { canonicalBytes, isJsonObject, parseJson } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { decodeVkey, parseVkey } from './note.ts';

const ORIGIN = /^[!-*,-~]{1,200}$/;
/** C2SP tlog-policy names: no blanks, and nothing that a shell or a page would take for more than a name. */
const WITNESS_NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/;
const VKEY = /^[!-~]{1,4000}$/;

/** A block that whoever wrote the policy knows to be of the chain. */
export interface PolicyBlock {
  number: number;
  /** lower-case 0x hex, 32 bytes */
  hash: string;
}

/** One chain that holds the log's head. The contract's address is computed from genesis and must equal this one. */
export interface PolicyChain {
  chainId: number;
  /** lower-case 0x hex, 20 bytes */
  contract: string;
  /** A development chain proves nothing against its owner, and `verify` says so. */
  development: boolean;
  /** Blocks that are trusted by their hash, so that an anchor in one of them is checked without a node. */
  blocks?: readonly PolicyBlock[];
}

export interface PolicyWitness {
  name: string;
  vkey: string;
}

/** Whom a verifier trusts: this file and nothing else. */
export interface TrustPolicy {
  v: 1;
  /** hex, 32 bytes */
  logId: string;
  origin: string;
  /** C2SP verifier keys of the log; more than one while a key is handed over */
  logKeys: readonly string[];
  /** Ed25519 public key, hex, 32 bytes */
  registrar: string;
  chains: readonly PolicyChain[];
  witnesses: { quorum: number; keys: readonly PolicyWitness[] };
}

/**
 * Reads a policy file strictly: unknown members are refused, because a verifier that ignores half
 * of what it was told to trust is worse than none. Nothing may be named twice: a quorum counts keys, not lines.
 * @throws {ShowcauseError} `POLICY_MALFORMED`, `JSON_*`
 */
export function parsePolicy(text: string): TrustPolicy {
  if (text.length > 65_536) refuse(`${text.length} characters`, 'at most 65,536');
  const value = parseJson(text);
  const policy = object(value, 'the policy', [
    'v',
    'logId',
    'origin',
    'logKeys',
    'registrar',
    'chains',
    'witnesses',
  ]);
  if (policy['v'] !== 1) refuse('another version', 'v = 1');
  const origin = text_(policy['origin'], 'origin', ORIGIN);
  const logKeys = list(policy['logKeys'], 'logKeys', 1, 8).map((key) => logKey(key, origin));
  const chains = list(policy['chains'], 'chains', 0, 16).map(chain);
  const witnesses = object(policy['witnesses'], 'witnesses', ['quorum', 'keys']);
  const keys = list(witnesses['keys'], 'witnesses.keys', 0, 64).map(witness);
  distinct(
    'chains',
    chains.map(({ chainId }) => chainId),
  );
  distinct(
    'witnesses.keys',
    keys.map(({ name }) => name),
  );
  distinct('keys', [...logKeys, ...keys.map(({ vkey }) => vkey)].map(keyMaterial));
  const quorum = witnesses['quorum'];
  if (
    typeof quorum !== 'number' ||
    !Number.isSafeInteger(quorum) ||
    quorum < 0 ||
    quorum > keys.length
  )
    return refuse('witnesses.quorum', `an integer from 0 to ${keys.length}`);
  return {
    v: 1,
    logId: hex(policy['logId'], 'logId'),
    origin,
    logKeys,
    registrar: hex(policy['registrar'], 'registrar'),
    chains,
    witnesses: { quorum, keys },
  };
}

/** The file's text: two-space JSON that begins with logId. */
export function formatPolicy(policy: TrustPolicy): string {
  const { logId, ...rest } = policy;
  return `${JSON.stringify({ logId, ...rest }, null, 2)}\n`;
}

/** `SHA256:` and unpadded base64 of SHA-256(JCS(policy)); to be compared out of band. */
export function policyFingerprint(policy: TrustPolicy): string {
  return `SHA256:${toBase64(sha256(canonicalBytes(policy as unknown as Json))).replace(/=+$/, '')}`;
}

/** The policy that a genesis entry implies, before anybody is asked to witness. */
export function policyFromGenesis(
  genesis: Uint8Array,
  logId: string,
  chains: readonly PolicyChain[],
): TrustPolicy {
  const entry = parseGenesis(genesis);
  return {
    v: 1,
    logId,
    origin: entry.origin,
    logKeys: [entry.log],
    registrar: entry.registrar,
    chains,
    witnesses: { quorum: 0, keys: [] },
  };
}

/**
 * The log, witness and quorum part as a c2sp.org/tlog-policy file, for other people's tools.
 * Chains and registrar have no place in that format.
 */
export function formatTlogPolicy(policy: TrustPolicy): string {
  const { quorum, keys } = policy.witnesses;
  const lines = policy.logKeys.map((key) => `log ${key}`);
  for (const { name, vkey } of keys) lines.push(`witness ${name} ${vkey}`);
  if (quorum > 0)
    lines.push(`group ${groupName(keys)} ${quorum} ${keys.map(({ name }) => name).join(' ')}`);
  lines.push(`quorum ${quorum > 0 ? groupName(keys) : 'none'}`);
  return `${lines.join('\n')}\n`;
}

/** A name that no witness has. */
function groupName(keys: readonly PolicyWitness[]): string {
  let name = 'quorum-of-witnesses';
  while (keys.some((key) => key.name === name)) name += '-';
  return name;
}

function chain(value: Json): PolicyChain {
  const item = object(value, 'chains[]', ['chainId', 'contract', 'development'], ['blocks']);
  const chainId = item['chainId'];
  if (typeof chainId !== 'number' || !Number.isSafeInteger(chainId) || chainId < 1)
    return refuse('chainId', 'a positive integer');
  if (typeof item['development'] !== 'boolean') return refuse('development', 'true or false');
  return {
    chainId,
    contract: text_(item['contract'], 'contract', /^0x[0-9a-f]{40}$/),
    development: item['development'],
    ...(item['blocks'] === undefined ? {} : { blocks: blocks(item['blocks']) }),
  };
}

function blocks(value: Json): PolicyBlock[] {
  const pinned = list(value, 'chains[].blocks', 1, 64).map((each) => {
    const { number, hash } = object(each, 'chains[].blocks[]', ['number', 'hash']);
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
      return refuse('chains[].blocks[].number', 'a block number');
    return { number, hash: text_(hash, 'chains[].blocks[].hash', /^0x[0-9a-f]{64}$/) };
  });
  distinct(
    'chains[].blocks',
    pinned.map(({ number }) => number),
  );
  return pinned;
}

function witness(value: Json): PolicyWitness {
  const item = object(value, 'witnesses.keys[]', ['name', 'vkey']);
  const vkey = text_(item['vkey'], 'witnesses.keys[].vkey', VKEY);
  readKey('witnesses.keys[].vkey', () => parseCosignerVkey(vkey));
  const name = text_(item['name'], 'name', WITNESS_NAME);
  return name === 'none' ? refuse('a witness called none', 'another name') : { name, vkey };
}

function logKey(value: Json, origin: string): string {
  const vkey = text_(value, 'logKeys', VKEY);
  const { name } = readKey('logKeys', () => parseVkey(vkey));
  if (name !== origin) return refuse('a log key of another name', 'the origin');
  return vkey;
}

function readKey<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new ShowcauseError('POLICY_MALFORMED', {
      got: name,
      want: 'a C2SP verifier key of its kind',
      cause,
    });
  }
}

/** The public key itself, whatever name and kind it is given: one key is one voice. */
function keyMaterial(vkey: string): string {
  return toHex(decodeVkey(vkey).publicKey);
}

function distinct(name: string, values: readonly (string | number)[]): void {
  if (new Set(values).size !== values.length) refuse(`${name} with one of them twice`, 'each once');
}

function object(
  value: Json | undefined,
  name: string,
  members: readonly string[],
  optional: readonly string[] = [],
): JsonObject {
  if (value === undefined || !isJsonObject(value)) return refuse(name, 'an object');
  const names = Object.keys(value);
  const known = [...members, ...optional];
  const stray = names.find((member) => !known.includes(member));
  const missing = members.find((member) => !names.includes(member));
  if (stray !== undefined) return refuse(`${name} with an unknown member`, known.join(', '));
  if (missing !== undefined) return refuse(`${name} without ${missing}`, members.join(', '));
  return value;
}

function list(value: Json | undefined, name: string, least: number, most: number): readonly Json[] {
  if (!Array.isArray(value) || value.length < least || value.length > most)
    return refuse(name, `a list of ${least} to ${most}`);
  return value as readonly Json[];
}

function text_(value: Json | undefined, name: string, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) return refuse(name, String(pattern));
  return value;
}

function hex(value: Json | undefined, name: string): string {
  return text_(value, name, /^[0-9a-f]{64}$/);
}

function refuse(got: string, want: string): never {
  throw new ShowcauseError('POLICY_MALFORMED', { got, want });
}
