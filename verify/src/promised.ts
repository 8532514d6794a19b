import {
  coversProducer,
  decodeSignedPromise,
  fromHex,
  leafHash,
  parseEntryOf,
  verifyPromise,
  verifyPromised,
  verifyRegistration,
} from '@showcause/core';
import type { EntryOf, Hash, PromiseTerms, TrustPolicy } from '@showcause/core';
import { CouldNotCheck, VerifyError } from './errors.ts';
import { detailed } from './report.ts';
import type { Checklist, Step } from './report.ts';
import { checkRevocation, notSearched } from './revocation.ts';
import type { KeySearch } from './revocation.ts';
import { isoTime } from './time.ts';

const DAY_SECONDS = 86_400;
/** A producer promises one day unless it is told otherwise; what is far beyond promises little. */
const USUAL_DAYS = 7;

/** Bytes that claim to show that a producer promised one decision. All of it is untrusted. */
export interface PromisedEvidence {
  /** exact leaf bytes */
  entry: () => Uint8Array;
  /** promise ‖ signature, 212 bytes */
  promise: () => Uint8Array;
  /** position in the promise's batch, and the path from there to its root */
  batch: () => { index: number; path: readonly Hash[] };
  /** the producer's registrar-signed `key` entry; null: not given */
  key: (() => Uint8Array) | null;
  /** what a log says of that key; undefined: nobody looked */
  revocations: KeySearch | CouldNotCheck | undefined;
}

export interface PromisedSteps {
  entry: Step<EntryOf<'decision'>>;
  leaf: Step<Hash>;
  terms: Step<PromiseTerms>;
  promised: Step<void>;
  accepted: boolean;
}

/**
 * The chain of evidence behind `accepted`: registrar → key entry → promise → batch → entry. Each link is a check of
 * its own, because each can be broken alone.
 */
export function checkPromised(
  list: Checklist,
  policy: TrustPolicy,
  evidence: PromisedEvidence,
): PromisedSteps {
  const logId = fromHex(policy.logId, 32);
  const key = list.run('key', () => {
    if (evidence.key === null)
      throw new CouldNotCheck('VERIFY_MISSING', 'no key entry; give --key or --log');
    const entry = parseEntryOf('key', evidence.key());
    if (entry.action !== 'add')
      throw new VerifyError('VERIFY_KEY', { got: entry.action, want: 'add' });
    verifyRegistration(entry, logId, fromHex(policy.registrar, 32));
    return detailed(entry, entry.producer);
  });
  const entry = list.run('entry', () => parseEntryOf('decision', evidence.entry()));
  // A leaf hash needs no schema: what was promised and logged is judged even where the entry is no decision.
  const leaf: Step<Hash> = { passed: true, use: () => leafHash(evidence.entry()) };
  const scope = list.run('key-scope', () => requireScope(key.use(), entry.use()));
  const terms = list.run('promise', () => {
    const signed = decodeSignedPromise(evidence.promise());
    verifyPromise(signed, logId, fromHex(key.use().key, 64));
    const days = Math.floor((signed.promise.mergeBy - signed.promise.signedAt) / DAY_SECONDS);
    if (days > USUAL_DAYS)
      list.note(
        `The producer gave itself ${days} days to log the entry: until then its absence proves nothing.`,
      );
    return detailed(
      signed.promise,
      `signed ${isoTime(signed.promise.signedAt)}, in the log by ${isoTime(signed.promise.mergeBy)}`,
    );
  });
  const place = list.run('promise-place', () => {
    const { epoch, firstSeq } = terms.use();
    const { index } = evidence.batch();
    const got = entry.use();
    if (got.epoch !== epoch || got.seq !== firstSeq + index)
      throw new VerifyError('VERIFY_POSITION', {
        got: `epoch ${got.epoch} seq ${got.seq}`,
        want: `epoch ${epoch} seq ${firstSeq + index}`,
      });
    return detailed(null, `${got.producer}, epoch ${epoch}, seq ${got.seq}`);
  });
  const promised = list.run('promised', () => {
    const { index, path } = evidence.batch();
    verifyPromised(terms.use(), leaf.use(), index, path);
  });
  checkRevocation(list, policy, { key, entry, leaf, terms }, evidence.revocations ?? notSearched);
  const accepted = [key, scope, entry, terms, place, promised].every(({ passed }) => passed);
  return { entry, leaf, terms, promised, accepted };
}

function requireScope(key: EntryOf<'key'>, entry: EntryOf<'decision'>): void {
  if (!coversProducer(key.producer, entry.producer))
    throw new VerifyError('VERIFY_KEY', {
      got: entry.producer,
      want: `${key.producer} or ${key.producer}/…`,
    });
  if (!key.types.includes(entry.type))
    throw new VerifyError('VERIFY_KEY', {
      got: `a key for ${key.types.join(', ')}`.slice(0, 200),
      want: entry.type,
    });
}
