import { fromHex, toBase64 } from './bytes.ts';
import { parseEntryOf } from './entry.ts';
import { ShowcauseError } from './errors.ts';
import { sha256 } from './hash.ts';
import { canonicalBytes, isJsonObject, parseJson } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { parseVkey } from './note.ts';

/** One chain that holds the log's head. The contract's address is computed from genesis and must equal this one. */
export interface PolicyChain {
  chainId: number;
  /** lower-case 0x hex, 20 bytes */
  contract: string;
  /** A development chain proves nothing against its owner, and `verify` says so. */
  development: boolean;
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
 * of what it was told to trust is worse than none.
 * @throws {ShowcauseError} `POLICY_MALFORMED`, `JSON_*`
 */
export function parsePolicy(text: string): TrustPolicy {
  if (text.length > 65_536) refuse(`${text.length} characters`, 'at most 65,536');
  const value = parseJson(text);
  const policy = object(value, 'the policy', ['v', 'logId', 'origin', 'logKeys', 'registrar', 'chains', 'witnesses']);
  if (policy['v'] !== 1) refuse('another version', 'v = 1');
  const logKeys = list(policy['logKeys'], 'logKeys', 1, 8).map((key) => vkey(key, 'logKeys'));
  const chains = list(policy['chains'], 'chains', 0, 16).map(chain);
  const witnesses = object(policy['witnesses'], 'witnesses', ['quorum', 'keys']);
  const keys = list(witnesses['keys'], 'witnesses.keys', 0, 64).map(witness);
  const quorum = witnesses['quorum'];
  if (typeof quorum !== 'number' || !Number.isInteger(quorum) || quorum < 0 || quorum > keys.length)
    return refuse('witnesses.quorum', `an integer from 0 to ${keys.length}`);
  return {
    v: 1,
    logId: hex(policy['logId'], 'logId'),
    origin: text_(policy['origin'], 'origin', /^[^\s+]{1,200}$/),
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
export function policyFromGenesis(genesis: Uint8Array, logId: string, chains: readonly PolicyChain[]): TrustPolicy {
  const entry = parseEntryOf('genesis', genesis);
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

function chain(value: Json): PolicyChain {
  const item = object(value, 'chains[]', ['chainId', 'contract', 'development']);
  const chainId = item['chainId'];
  if (typeof chainId !== 'number' || !Number.isInteger(chainId) || chainId < 1) return refuse('chainId', 'a positive integer');
  if (typeof item['development'] !== 'boolean') return refuse('development', 'true or false');
  return {
    chainId,
    contract: text_(item['contract'], 'contract', /^0x[0-9a-f]{40}$/),
    development: item['development'],
  };
}

function witness(value: Json): PolicyWitness {
  const item = object(value, 'witnesses.keys[]', ['name', 'vkey']);
  return { name: text_(item['name'], 'name', /^[^\s+]{1,200}$/), vkey: vkey(item['vkey'] ?? null, 'witnesses.keys[].vkey') };
}

function object(value: Json | undefined, name: string, members: readonly string[]): JsonObject {
  if (value === undefined || !isJsonObject(value)) return refuse(name, 'an object');
  const names = Object.keys(value);
  const stray = names.find((member) => !members.includes(member));
  const missing = members.find((member) => !names.includes(member));
  if (stray !== undefined) return refuse(`${name} with an unknown member`, members.join(', '));
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
  const text = text_(value, name, /^[0-9a-f]{64}$/);
  fromHex(text, 32);
  return text;
}

function vkey(value: Json, name: string): string {
  const text = text_(value, name, /^\S{1,4000}$/);
  parseVkey(text);
  return text;
}

function refuse(got: string, want: string): never {
  throw new ShowcauseError('POLICY_MALFORMED', { got, want });
}
