import { isJsonObject, parseEntry, toHex, producerKeyId } from '@showcause/core';
import type { Hash } from '@showcause/core';
import { serviceErrorCodes } from '../errors.ts';
import { KeyRegistry } from '../keys.ts';
import { neededTypes, ownTypes } from '../own-stream.ts';
import { fail, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';

export type StoreValue = null | number | string | boolean | Uint8Array;

/** A store that is looked at and not touched. Both kinds have the same tables. */
export interface StoreLook {
  /** without a password */
  place: string;
  schema: { found: number; wanted: number };
  /** what would lose acknowledged commits; `checksums` null where there is no such setting */
  settings: { dangerous: readonly string[]; checksums: boolean | null };
  rows: (sql: string) => Promise<StoreValue[][]>;
  close(): Promise<void>;
}

export interface StoreHead {
  size: number;
  root: Hash;
}

/** What the other checks need to know of a store. */
export interface StoreFacts {
  /** leaves that are committed */
  size: number;
  /** newest checkpoint that was signed */
  signed: StoreHead | null;
  /** root of a signed checkpoint of this size */
  rootOf: (size: number) => Promise<Hash | null>;
  /** `key` and `deployment` entries in log order */
  registrations: readonly Uint8Array[];
  /** `time` of the newest entry, ms; null where it has none */
  newestTime: number | null;
  anchoredSize: number;
}

export function judgeSchema({ place, schema }: StoreLook): Finding {
  const { found, wanted } = schema;
  if (found > wanted)
    return fail(
      'store schema',
      `version ${found}, want at most ${wanted}`,
      serviceErrorCodes.STORE_SCHEMA.fix,
    );
  if (found === 0) return ok('store schema', `empty: the first start makes it (${place})`);
  if (found < wanted)
    return warn(
      'store schema',
      `version ${found}; the next start makes it ${wanted}`,
      'Back it up before the new release starts.',
    );
  return ok('store schema', `version ${found}`);
}

export function judgeSettings({ place, settings }: StoreLook): Finding {
  if (settings.dangerous.length > 0)
    return fail(
      'store settings',
      settings.dangerous.join(', '),
      serviceErrorCodes.STORE_SETTINGS.fix,
    );
  if (settings.checksums === false)
    return warn(
      'store settings',
      'data_checksums=off',
      'Stop the server and run pg_checksums --enable: damage is then found when a page is read.',
    );
  return ok('store settings', place);
}

/** @throws what the store throws */
export async function factsOf({ rows, schema }: StoreLook): Promise<StoreFacts> {
  if (schema.found === 0) return emptyStore;
  const [head] = await rows('SELECT size FROM head');
  const [signed] = await rows('SELECT size, root FROM checkpoints ORDER BY size DESC LIMIT 1');
  const [anchored] = await rows('SELECT max(size) FROM anchors');
  const [newest] = await rows('SELECT entry FROM leaves ORDER BY idx DESC LIMIT 1');
  const registrations = await rows(
    'SELECT entry FROM leaves WHERE producer IS NULL AND idx > 0 ORDER BY idx',
  );
  return {
    size: Number(head?.[0] ?? 0),
    signed:
      signed === undefined ? null : { size: Number(signed[0]), root: signed[1] as Uint8Array },
    async rootOf(size) {
      const [row] = await rows(`SELECT root FROM checkpoints WHERE size = ${Math.trunc(size)}`);
      return (row?.[0] as Uint8Array | undefined) ?? null;
    },
    registrations: registrations.map(([entry]) => entry as Uint8Array),
    newestTime: timeOf(newest?.[0] as Uint8Array | undefined),
    anchoredSize: Number(anchored?.[0] ?? 0),
  };
}

/** A store before its first start. */
export const emptyStore: StoreFacts = {
  size: 0,
  signed: null,
  rootOf: () => Promise.resolve(null),
  registrations: [],
  newestTime: null,
  anchoredSize: 0,
};

function timeOf(entry: Uint8Array | undefined): number | null {
  if (entry === undefined) return null;
  const parsed = parseEntry(entry);
  const time =
    parsed.kind === 'known' && isJsonObject(parsed.entry as never)
      ? (parsed.entry as { time?: unknown }).time
      : null;
  return typeof time === 'string' ? Date.parse(time) : null;
}

/**
 * Whether the registrar lets this key write, by what is in the log, else by what the next start would put there.
 * @param given  entries of the configuration's `registrations`
 */
export function judgeProducerKey(
  producer: string,
  publicKey: Uint8Array,
  { registrations, size }: StoreFacts,
  given: readonly Uint8Array[],
): Finding {
  const name = 'producer key in the log';
  const logged = registryOf(registrations);
  const id = toHex(producerKeyId(publicKey));
  const keys = logged.covering(producer, id);
  if (keys.length === 0)
    return registryOf(given).covering(producer, id).length > 0
      ? ok(name, size === 0 ? 'its registration is ready' : 'its registration will be logged')
      : fail(name, `no registration of ${producer}`, serviceErrorCodes.CONFIG_KEY.fix);
  const open = keys.filter(({ closes }) => closes === null);
  if (open.length === 0)
    return fail(name, 'revoked', 'Make a new key and let the registrar register it.');
  const lacking = (types: readonly string[]): string[] =>
    types.filter((type) => !open.some((key) => key.types.includes(type)));
  const missing = lacking(neededTypes);
  if (missing.length > 0)
    return fail(name, `not for ${missing.join(', ')}`, serviceErrorCodes.CONFIG_KEY.fix);
  const wanted = lacking(ownTypes);
  if (wanted.length > 0)
    return warn(
      name,
      `not for ${wanted.join(', ')}: such entries are not written`,
      'Let the registrar register the key again with all types.',
    );
  return ok(name, `registered for ${producer}`);
}

function registryOf(entries: readonly Uint8Array[]): KeyRegistry {
  const registry = new KeyRegistry();
  for (const bytes of entries) {
    const parsed = parseEntry(bytes);
    if (parsed.kind === 'known' && parsed.entry.type === 'key') registry.apply(parsed.entry);
  }
  return registry;
}
