import { leafHash, parseEntry } from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import { CouldNotCheck } from './errors.ts';
import { checkLogged, checkPathAgain } from './logged.ts';
import type { SecondOpinion } from './opinion.ts';
import { Checklist, checkPolicy, detailed } from './report.ts';
import type { Grade, Report, Step } from './report.ts';

export interface EntryInput {
  /** text of a c2sp.org/tlog-proof@v1 */
  proof: string;
  /** exact leaf bytes */
  entry: Uint8Array;
  policy: TrustPolicy;
  expectedFingerprint?: string;
  require?: readonly Grade[];
  secondOpinion?: SecondOpinion;
}

/** Checks one entry of any type against a plain C2SP proof: what other people's tools can check too. */
export function verifyEntry(input: EntryInput): Report {
  const { policy, entry } = input;
  const list = new Checklist(policy);
  if (!checkPolicy(list, policy, input.expectedFingerprint)) return list.report('entry', []);
  list.run('entry-bytes', () => {
    const parsed = parseEntry(entry);
    if (parsed.kind === 'known') return detailed(null, parsed.entry.type);
    throw new CouldNotCheck(
      'VERIFY_UNKNOWN',
      parsed.kind === 'typed' ? `tag ${parsed.tag}` : `type ${parsed.type.slice(0, 64)}`,
    );
  });
  const leaf: Step<Uint8Array> = { passed: true, use: () => leafHash(entry) };
  const { head, inclusion, logged, witnessed } = checkLogged(
    list,
    policy,
    { leaf, proof: input.proof },
    { logged: true, witnessed: input.require?.includes('witnessed') === true },
  );
  const opinion = input.secondOpinion;
  if (opinion !== undefined)
    checkPathAgain(list, opinion, () => {
      inclusion.use();
      const { checkpoint, proof } = head.use();
      return [
        {
          leaf: opinion.leaf(entry),
          index: proof.index,
          size: checkpoint.size,
          root: checkpoint.root,
          path: proof.hashes,
        },
      ];
    });
  return list.report('entry', [
    ...(logged ? (['logged'] as const) : []),
    ...(witnessed ? (['witnessed'] as const) : []),
  ]);
}
