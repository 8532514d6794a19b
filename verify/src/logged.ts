import {
  countCosignatures,
  openCheckpoint,
  parseTlogProof,
  parseVkey,
  toHex,
  verifyInclusion,
} from '@showcause/core';
import type { Checkpoint, Hash, TlogProof, TrustPolicy } from '@showcause/core';
import { CouldNotCheck, VerifyError } from './errors.ts';
import { detailed } from './report.ts';
import type { Checklist, Step } from './report.ts';
import type { SecondOpinion } from './opinion.ts';

export interface ProvenHead {
  checkpoint: Checkpoint;
  note: Uint8Array;
  proof: TlogProof;
}

/** Opens a signed checkpoint under the policy's log keys. @throws {ShowcauseError} `NOTE_*`, `CHECKPOINT_*` */
export function openLogCheckpoint(note: Uint8Array, policy: TrustPolicy): Checkpoint {
  return openCheckpoint(note, policy.origin, policy.logKeys.map(parseVkey));
}

export interface LoggedSteps {
  head: Step<ProvenHead>;
  inclusion: Step<null>;
  logged: boolean;
  witnessed: boolean;
}

/**
 * The evidence behind `logged` and `witnessed`: a c2sp.org/tlog-proof, in the order of its specification: checkpoint
 * signature, cosignatures, inclusion.
 */
export function checkLogged(
  list: Checklist,
  policy: TrustPolicy,
  evidence: { leaf: Step<Hash>; proof: string | null },
  asked: { logged: boolean; witnessed: boolean },
): LoggedSteps {
  const present = evidence.proof !== null;
  const head = list.run(
    'checkpoint',
    () => {
      if (evidence.proof === null)
        throw new CouldNotCheck('VERIFY_MISSING', 'no proof yet: not known to be in the log');
      const proof = parseTlogProof(evidence.proof);
      const checkpoint = openLogCheckpoint(proof.checkpoint, policy);
      return detailed({ checkpoint, note: proof.checkpoint, proof }, headLine(checkpoint));
    },
    { asked: present || asked.logged },
  );
  const inclusion = list.run(
    'inclusion',
    () => {
      const { checkpoint, proof } = head.use();
      verifyInclusion(
        evidence.leaf.use(),
        proof.index,
        checkpoint.size,
        checkpoint.root,
        proof.hashes,
      );
      return detailed(null, `index ${proof.index} of ${checkpoint.size}`);
    },
    { asked: present || asked.logged },
  );
  const witnessed = checkWitnesses(list, policy, head, asked.witnessed);
  const logged = head.passed && inclusion.passed;
  return { head, inclusion, logged, witnessed: logged && witnessed };
}

/** Whether the policy's quorum cosigned; without a quorum in the policy `witnessed` is never given. */
export function checkWitnesses(
  list: Checklist,
  policy: TrustPolicy,
  head: Step<{ note: Uint8Array }>,
  asked: boolean,
): boolean {
  const { quorum, keys } = policy.witnesses;
  if (quorum === 0 && !asked) return false;
  return list.run(
    'witnesses',
    () => {
      if (quorum === 0) throw new CouldNotCheck('VERIFY_MISSING', 'the policy names no witnesses');
      const { note } = head.use();
      const got = countCosignatures(
        note,
        keys.map(({ vkey }) => vkey),
      );
      if (got < quorum) throw new CouldNotCheck('VERIFY_QUORUM', `${got} of ${quorum}`);
      return detailed(null, `${got} of ${keys.length}, quorum ${quorum}`);
    },
    { asked },
  ).passed;
}

/** Recomputes a path's root with code that shares nothing with ours. */
export function checkPathAgain(
  list: Checklist,
  opinion: SecondOpinion,
  paths: () => readonly {
    leaf: Hash;
    index: number;
    size: number;
    root: Hash;
    path: readonly Hash[];
  }[],
): void {
  list.run('second-opinion', () => {
    for (const { leaf, index, size, root, path } of paths())
      if (!opinion.includes(leaf, index, size, root, path))
        throw new VerifyError('VERIFY_SECOND_OPINION', {
          got: `another root for index ${index} of ${size}`,
        });
  });
}

export function headLine({ size, root }: { size: number; root: Hash }): string {
  return `size ${size}, root ${toHex(root)}`;
}
