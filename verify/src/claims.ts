import {
  canonicalJson,
  decisionClaims,
  fromHex,
  isJsonObject,
  sha256,
  toHex,
  verifyOpening,
} from '@showcause/core';
import type { EntryOf, Json, Opening } from '@showcause/core';
import type { CheckId } from './catalogue.ts';
import { CouldNotCheck, VerifyError } from './errors.ts';
import { detailed } from './report.ts';
import type { Checklist, Step } from './report.ts';

/** What an applicant was shown: what stands in the page, its JSON twin or a letter. */
export interface ShownDecision {
  outcome: Json;
  /** absent: not compared */
  reasons?: Json;
}

/** Claims that are judged one by one; the others share a check. */
const judged: readonly { member: string; id: CheckId }[] = [
  { member: 'outcome', id: 'outcome' },
  { member: 'reasons', id: 'reasons' },
  { member: 'responseHash', id: 'response-hash' },
];

export interface ClaimSteps {
  outcome: Step<Json>;
  reasons: Step<Json>;
  responseHash: Step<Json>;
}

/**
 * Every opening must lie at the slot of its path and lead to the entry's claims root, so that a value other than the
 * recorded one cannot be shown.
 * @param wanted  members that must be opened; the others are checked where they are
 */
export function checkClaims(
  list: Checklist,
  entry: Step<EntryOf<'decision'>>,
  openings: readonly Opening[],
  wanted: readonly string[],
): ClaimSteps {
  const open = (opening: Opening): Json => {
    verifyOpening(decisionClaims, opening, fromHex(entry.use().claims, 32));
    return opening.value;
  };
  const steps: Step<Json>[] = [];
  for (const { member, id } of judged) {
    if (!wanted.includes(member)) {
      steps.push(missing(member));
      continue;
    }
    steps.push(
      list.run(id, () => {
        const opening = openings.find(({ path }) => path.length === 1 && path[0] === member);
        if (opening === undefined)
          throw new CouldNotCheck('VERIFY_MISSING', `${member} is not opened`);
        return open(opening);
      }),
    );
  }
  const members = judged.map(({ member }) => member);
  const others = openings.filter(
    ({ path }) => !(path.length === 1 && members.includes(path[0] ?? '')),
  );
  list.run('claims', () => {
    const paths = openings.map(({ path }) => JSON.stringify(path));
    const twice = paths.find((path, i) => paths.indexOf(path) !== i);
    if (twice !== undefined)
      throw new VerifyError('VERIFY_CLAIM', {
        got: `${twice.slice(0, 80)} opened twice`,
        want: 'once',
      });
    for (const opening of others) open(opening);
  });
  const [outcome, reasons, responseHash] = steps as [Step<Json>, Step<Json>, Step<Json>];
  return { outcome, reasons, responseHash };
}

function missing(member: string): Step<Json> {
  return {
    passed: false,
    use: () => {
      throw new CouldNotCheck('VERIFY_MISSING', `${member} is not opened`);
    },
  };
}

/** Compares what somebody was shown with what was recorded. */
export function checkShown(list: Checklist, claims: ClaimSteps, shown: ShownDecision): void {
  list.run('shown', () => {
    const outcome = claims.outcome.use();
    if (canonicalJson(shown.outcome) !== canonicalJson(outcome))
      throw new VerifyError('VERIFY_SHOWN', { got: 'another outcome', want: 'the recorded one' });
    if (shown.reasons === undefined) return detailed(null, 'outcome; no reasons were given');
    compareReasons(shown.reasons, claims.reasons.use());
    return detailed(null, comparedReasons(listOf(shown.reasons)));
  });
}

/** What of the shown reasons was there to compare: a code alone says nothing of the words beside it. */
function comparedReasons(shown: readonly Json[]): string {
  const bare = shown.filter(
    (reason) => isJsonObject(reason) && !Object.hasOwn(reason, 'text'),
  ).length;
  const said = `outcome and ${shown.length} reasons`;
  return bare === 0 ? said : `${said}, ${bare} of them by code alone: texts not compared`;
}

function listOf(shown: Json): readonly Json[] {
  return Array.isArray(shown) ? (shown as readonly Json[]) : [shown];
}

/** Texts and codes in their order; a page may add advice to a reason, but neither change, drop nor add one. */
function compareReasons(shown: Json, recorded: Json): void {
  const want = Array.isArray(recorded) ? (recorded as readonly Json[]) : [];
  const got = listOf(shown);
  if (got.length !== want.length)
    throw new VerifyError('VERIFY_SHOWN', { got: `${got.length} reasons`, want: `${want.length}` });
  want.forEach((reason, i) => {
    if (!sameReason(got[i] ?? null, reason))
      throw new VerifyError('VERIFY_SHOWN', {
        got: `another reason at place ${i + 1}`,
        want: 'the recorded one',
      });
  });
}

function sameReason(shown: Json, recorded: Json): boolean {
  if (typeof shown === 'string')
    return isJsonObject(recorded) ? recorded['text'] === shown : recorded === shown;
  if (!isJsonObject(shown) || !isJsonObject(recorded))
    return canonicalJson(shown) === canonicalJson(recorded);
  const compared = ['code', 'text'].filter((member) => Object.hasOwn(shown, member));
  return compared.length > 0 && compared.every((member) => shown[member] === recorded[member]);
}

/** Compares a response body that somebody holds with the recorded hash. */
export function checkResponse(
  list: Checklist,
  responseHash: Step<Json>,
  response: Uint8Array,
): void {
  list.run('response', () => {
    const want = responseHash.use();
    const got = toHex(sha256(response));
    if (got !== want)
      throw new VerifyError('VERIFY_RESPONSE', {
        got,
        want: typeof want === 'string' ? want : 'no response',
      });
  });
}
