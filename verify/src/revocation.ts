import {
  CodedError,
  equalBytes,
  fromHex,
  leafHash,
  parseEntryOf,
  producerKeyId,
  toHex,
} from '@showcause/core';
import type { EntryOf, Hash, PromiseTerms, TrustPolicy } from '@showcause/core';
import { CouldNotCheck, VerifyError } from './errors.ts';
import { Findings } from './log/findings.ts';
import type { Position } from './log/position.ts';
import { Registry } from './log/registry.ts';
import type { KeyStanding } from './log/registry.ts';
import { headLine, openLogCheckpoint } from './logged.ts';
import { detailed } from './report.ts';
import type { Checklist, Detailed, Step } from './report.ts';
import { isoTime, secondsOf } from './time.ts';

/** What all entries of a log say of one producer key. */
export interface KeySearch {
  /** the signed checkpoint up to which was read */
  checkpoint: Uint8Array;
  /** root that the read entries give: it shows that none was held back */
  root: Hash;
  /** where the judged entry stands among them; null: nowhere */
  index: number | null;
  /** `key` entries that name the key, in order; what is no such entry is passed over */
  entries: readonly { index: number; bytes: Uint8Array }[];
}

/** What a receipt alone leaves open. */
export const notSearched = new CouldNotCheck('VERIFY_MISSING', 'not looked for (needs --log)');

interface Judged {
  key: Step<EntryOf<'key'>>;
  entry: Step<EntryOf<'decision'>>;
  leaf: Step<Hash>;
  terms: Step<PromiseTerms>;
}

/**
 * Whether the log lets the key write the entry, by the rule that a whole log is audited by: a registration or
 * revocation counts from its own index on, and no clock is asked. An entry that is not in the log has no index, so that
 * a revocation which shuts it out refutes only a promise that says itself that it is no older.
 * @param search  why there was none: asked for, unless what it takes was not given (`VERIFY_MISSING`)
 */
export function checkRevocation(
  list: Checklist,
  policy: TrustPolicy,
  judged: Judged,
  search: KeySearch | CouldNotCheck,
): void {
  const asked = !(search instanceof CouldNotCheck && search.code === 'VERIFY_MISSING');
  list.run(
    'key-revocation',
    () => {
      if (search instanceof CouldNotCheck) throw search;
      const { key } = judged.key.use();
      const entry = judged.entry.use();
      const head = openLogCheckpoint(search.checkpoint, policy);
      if (!equalBytes(head.root, search.root))
        throw new CouldNotCheck('LOG_FETCH', `the served entries do not give ${headLine(head)}`);
      const standing = standingOf(policy, key, search.entries, {
        at: placeOf(entry),
        leaf: toHex(judged.leaf.use()),
      });
      return search.index === null
        ? unlogged(standing(head.size), head.size, judged.terms)
        : logged(standing, search.index, head.size);
    },
    { asked },
  );
}

type StandingAt = (index: number) => KeyStanding | null;

/** How the key stands to the entry where `index` entries lie before it. */
function standingOf(
  policy: TrustPolicy,
  key: string,
  entries: KeySearch['entries'],
  { at, leaf }: { at: Position; leaf: string },
): StandingAt {
  const keyId = toHex(producerKeyId(fromHex(key, 64)));
  return (index) => {
    // What the registrar did not sign changes nothing; that it is there is for `verify log` to tell.
    const registry = new Registry(
      fromHex(policy.logId, 32),
      fromHex(policy.registrar, 32),
      new Findings(),
    );
    for (const one of entries) {
      const entry = one.index < index ? keyEntryOf(one.bytes) : null;
      if (entry?.key === key) registry.register(entry, toHex(leafHash(one.bytes)), one.index);
    }
    return registry.standing(keyId, at, leaf);
  };
}

function keyEntryOf(bytes: Uint8Array): EntryOf<'key'> | null {
  try {
    return parseEntryOf('key', bytes);
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
}

function placeOf({ producer, epoch, seq, prev, type, time }: EntryOf<'decision'>): Position {
  return { producer, epoch, seq, prev, type, at: secondsOf(time) };
}

function logged(standing: StandingAt, index: number, size: number): Detailed<null> {
  const then = standing(index);
  if (then?.admits === true) {
    const revoked = standing(size)?.revoked ?? null;
    if (revoked === null) return detailed(null, `not revoked in ${size} entries`);
    const why = revoked.index > index ? 'after this entry' : 'which still lets this entry in';
    return detailed(null, `revoked at index ${revoked.index}, ${why} (index ${index})`);
  }
  if (then === null || then.revoked === null)
    throw new VerifyError('VERIFY_PRODUCER', {
      got: `no registration of the key for it before index ${index}`,
    });
  throw new VerifyError('VERIFY_REVOKED', {
    got: `revoked at index ${then.revoked.index}, the entry at index ${index}`,
  });
}

function unlogged(
  now: KeyStanding | null,
  size: number,
  terms: Step<PromiseTerms>,
): Detailed<null> {
  if (now === null || (!now.admits && now.revoked === null))
    throw new CouldNotCheck(
      'VERIFY_MISSING',
      `no registration of the key for it in ${size} entries`,
    );
  if (now.revoked === null) return detailed(null, `not revoked in ${size} entries`);
  const { index, time } = now.revoked;
  if (now.admits)
    return detailed(null, `revoked at index ${index}, which still lets this entry in`);
  const { signedAt } = terms.use();
  const facts = `revoked at index ${index}, ${isoTime(time)}, without this entry; promise of ${isoTime(signedAt)}`;
  if (time <= signedAt) throw new VerifyError('VERIFY_REVOKED', { got: facts });
  throw new CouldNotCheck('VERIFY_REVOKED', `${facts} by its own word`);
}
