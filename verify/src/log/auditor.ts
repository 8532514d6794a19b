import { TreeFrontier, equalBytes, leafHash, tilePath, toHex } from '@showcause/core';
import type { Checkpoint, Hash, TrustPolicy } from '@showcause/core';
import { CouldNotCheck, VerifyError } from '../errors.ts';
import { checkWitnesses, headLine, openLogCheckpoint } from '../logged.ts';
import type { SecondOpinion } from '../opinion.ts';
import { Checklist, checkPolicy, detailed } from '../report.ts';
import type { Report, Step } from '../report.ts';
import { EntryJudge } from './entry-judge.ts';
import { Findings } from './findings.ts';
import type { Finding } from './findings.ts';
import type { ObservedGovernance } from './governance.ts';
import type { ProducerRow } from './rows.ts';
import type { ExpectedTile } from './tiles.ts';

/** A head that somebody kept: from an earlier visit, a receipt or a chain. */
export interface KnownHead {
  size: number;
  root: Hash;
  /** where it is from, for people */
  source: string;
}

/** A head that was asked for and not got. */
export interface MissingHead {
  source: string;
  failed: CouldNotCheck;
}

export interface LogAuditorOptions {
  policy: TrustPolicy;
  /** the signed checkpoint up to which the log is read */
  checkpoint: Uint8Array;
  /** Unix seconds; decides when an open intent is overdue */
  now: number;
  expectedFingerprint?: string;
  /** heads that the log must extend */
  heads?: readonly (KnownHead | MissingHead)[];
  /** what a node says of the contract's governance; an error: it did not answer; without it nobody asked */
  governance?: ObservedGovernance | CouldNotCheck;
  /** what a reader must know beside the checks */
  notes?: readonly string[];
  secondOpinion?: SecondOpinion;
}

export interface LogReport extends Report {
  kind: 'log';
  entries: number;
  head: { size: number; root: string } | null;
  producers: readonly ProducerRow[];
  findings: readonly Finding[];
}

/** The second opinion holds every leaf hash; beyond this it is not asked. */
const MAX_SECOND_OPINION_LEAVES = 4_194_304;

/**
 * Audits a whole log from its entries alone: give every entry in order to `add`, then call `finish`. Memory grows with
 * producers, epochs, holes and open intents, never with the number of entries (a second opinion apart).
 */
export class LogAuditor {
  readonly #options: LogAuditorOptions;
  readonly #list: Checklist;
  readonly #trusted: boolean;
  readonly #checkpoint: Step<Checkpoint>;
  readonly #tree = TreeFrontier.empty();
  readonly #findings = new Findings();
  readonly #entries: EntryJudge;
  readonly #heads: KnownHead[];
  readonly #leaves: Hash[] = [];
  #tiles = 0;
  #genesis: Hash | null = null;
  #lastLeaf: Hash = new Uint8Array(32);
  #unreadable: { code: string; detail: string; refutes: boolean } | null = null;

  constructor(options: LogAuditorOptions) {
    const { policy } = options;
    this.#options = options;
    this.#list = new Checklist(policy);
    this.#trusted = checkPolicy(this.#list, policy, options.expectedFingerprint);
    this.#checkpoint = this.#trusted
      ? this.#list.run('checkpoint', () => {
          const checkpoint = openLogCheckpoint(options.checkpoint, policy);
          return detailed(checkpoint, headLine(checkpoint));
        })
      : nothing;
    this.#entries = new EntryJudge(policy, this.#findings);
    const heads = options.heads ?? [];
    this.#heads = heads.filter((head) => 'root' in head).sort((a, b) => a.size - b.size);
    for (const head of heads)
      if ('failed' in head)
        this.#findings.open('log-heads', head.failed.code, `${head.source}: ${head.failed.detail}`);
    for (const note of options.notes ?? []) this.#list.note(note);
  }

  /** Entries that the signed checkpoint promises; null when it is not the log's, and nothing need be read. */
  get size(): number | null {
    return this.#checkpoint.passed ? this.#checkpoint.use().size : null;
  }

  /** @param index must be the number of entries given so far @param bytes exact leaf bytes */
  add(index: number, bytes: Uint8Array): void {
    if (index !== this.#tree.size)
      throw new RangeError(`got index ${index}, want ${this.#tree.size}`);
    const leaf = leafHash(bytes);
    this.#lastLeaf = leaf;
    this.#tree.append(leaf);
    if (
      this.#options.secondOpinion !== undefined &&
      this.#leaves.length < MAX_SECOND_OPINION_LEAVES
    )
      this.#leaves.push(this.#options.secondOpinion.leaf(bytes));
    this.#compareHeads();
    if (index === 0) this.#genesis = leaf;
    this.#entries.add(bytes, toHex(leaf), index);
  }

  /** Leaf hash of the entry added last. */
  get lastLeaf(): Hash {
    return this.#lastLeaf;
  }

  /** Says that reading ended early. @param refutes  the log served wrong bytes, rather than none */
  unreadable(error: { code: string; detail: string; refutes: boolean }): void {
    this.#unreadable ??= error;
  }

  /** Compares a served hash tile with the one that the entries give. */
  tile(expected: ExpectedTile, served: Uint8Array | null): void {
    const path = tilePath(expected.tile);
    this.#tiles++;
    if (served === null) this.#findings.open('log-tiles', 'VERIFY_TILE', `${path} is not served`);
    else if (!equalBytes(expected.bytes, served))
      this.#findings.refuted('log-tiles', 'VERIFY_TILE', path);
  }

  finish(): LogReport {
    if (this.#trusted) this.#conclude();
    const report = this.#list.report('log', []);
    const size = this.#tree.size;
    return {
      ...report,
      kind: 'log',
      entries: size,
      head: size === 0 ? null : { size, root: toHex(this.#tree.root()) },
      producers: this.#entries.rows(),
      findings: this.#findings.all(),
    };
  }

  #compareHeads(): void {
    for (
      let head = this.#heads[0];
      head !== undefined && head.size <= this.#tree.size;
      head = this.#heads[0]
    ) {
      this.#heads.shift();
      if (head.size !== this.#tree.size || !equalBytes(head.root, this.#tree.root()))
        this.#findings.refuted('log-heads', 'VERIFY_HEAD', `${head.source}: ${headLine(head)}`);
    }
  }

  #conclude(): void {
    const list = this.#list;
    const { policy, now } = this.#options;
    checkWitnesses(
      list,
      policy,
      { passed: true, use: () => ({ note: this.#options.checkpoint }) },
      policy.witnesses.quorum > 0,
    );
    const size = this.#checkSize();
    list.run('genesis', () => {
      if (this.#genesis === null) throw new CouldNotCheck('VERIFY_MISSING', 'no entry was read');
      if (toHex(this.#genesis) !== policy.logId)
        throw new VerifyError('VERIFY_LOG_ID', { got: toHex(this.#genesis), want: policy.logId });
    });
    const root = list.run('log-root', () => {
      const checkpoint = size.use();
      const got = this.#tree.root();
      if (!equalBytes(got, checkpoint.root))
        throw new VerifyError('VERIFY_ROOT', { got: toHex(got), want: toHex(checkpoint.root) });
      return detailed(checkpoint, toHex(got));
    });
    this.#checkHeads(size);
    // Of a log of which nothing was read nothing is said.
    if (this.#tree.size === 0) return;
    this.#entries.finish(size.passed, now, this.#options.governance);
    this.#concludeFindings();
    this.#askAgain(root);
    const { development } = this.#entries.registry.counts;
    if (development > 0)
      list.note(
        `${development} deployment(s) signed for development: nobody but the developer approved them.`,
      );
  }

  #checkSize(): Step<Checkpoint> {
    return this.#list.run('log-size', () => {
      const checkpoint = this.#checkpoint.use();
      const failed = this.#unreadable;
      if (failed !== null && !failed.refutes) throw new CouldNotCheck('LOG_FETCH', failed.detail);
      if (failed !== null) throw new VerifyError('VERIFY_TILE', { got: failed.detail });
      if (this.#tree.size !== checkpoint.size)
        throw new VerifyError('VERIFY_SIZE', {
          got: `${this.#tree.size} entries`,
          want: `${checkpoint.size}`,
        });
      return detailed(checkpoint, `${checkpoint.size}`);
    });
  }

  #checkHeads(size: Step<Checkpoint>): void {
    if (this.#options.heads === undefined) return;
    const end = this.#tree.size;
    for (const head of this.#heads)
      if (size.passed)
        this.#findings.refuted(
          'log-heads',
          'VERIFY_HEAD',
          `${head.source}: ${headLine(head)}, the log ends at ${end}`,
        );
      else
        this.#findings.open(
          'log-heads',
          'VERIFY_HEAD',
          `${head.source}: ${headLine(head)}, read up to ${end}`,
        );
    this.#findings.conclude(
      this.#list,
      'log-heads',
      () => `${this.#options.heads?.length ?? 0} compared`,
    );
  }

  #concludeFindings(): void {
    const say = (check: Parameters<Findings['conclude']>[1], fine: () => string = () => ''): void =>
      this.#findings.conclude(this.#list, check, fine);
    const { keys, deployments } = this.#entries.registry.counts;
    if (this.#tiles > 0) say('log-tiles', () => `${this.#tiles} compared`);
    say('log-entries', () => this.#entries.types());
    say('log-registrations', () => `${keys} keys, ${deployments} deployments`);
    say('log-producers', () =>
      this.#entries
        .rows()
        .map(({ producer }) => producer)
        .join(', ')
        .slice(0, 300),
    );
    say('log-sequence');
    say('log-duplicates');
    say('log-chain');
    say('log-signatures', () => unsignedTails(this.#entries.rows()));
    say('log-epochs');
    say('log-intents');
    say('log-deployments');
    say('log-silence');
    say('log-gaps');
    say('log-equivocations');
    say('log-types');
    const { governed } = this.#entries;
    if (governed > 0 || this.#options.governance !== undefined)
      say('log-governance', () => governedText(governed, this.#options.governance));
  }

  #askAgain(root: Step<Checkpoint>): void {
    const opinion = this.#options.secondOpinion;
    if (opinion === undefined) return;
    this.#list.run('second-opinion', () => {
      const checkpoint = root.use();
      if (this.#leaves.length !== checkpoint.size)
        throw new CouldNotCheck('VERIFY_LIMIT', `over ${MAX_SECOND_OPINION_LEAVES} entries`);
      const got = opinion.root(this.#leaves);
      if (!equalBytes(got, checkpoint.root))
        throw new VerifyError('VERIFY_SECOND_OPINION', {
          got: toHex(got),
          want: toHex(checkpoint.root),
        });
      return detailed(null, toHex(got));
    });
  }
}

function governedText(count: number, observed: LogAuditorOptions['governance']): string {
  const compared =
    observed === undefined || observed instanceof CouldNotCheck
      ? 'not compared with the chain (needs --rpc)'
      : `as the chain has them up to final block ${observed.finalBlock}`;
  return `${count} recorded, ${compared}`;
}

function unsignedTails(rows: readonly ProducerRow[]): string {
  const tails = rows.filter(({ unsignedTail }) => unsignedTail > 0);
  if (tails.length === 0) return 'no unsigned tail';
  return tails
    .map(({ producer, unsignedTail }) => `${producer}: last ${unsignedTail} unsigned`)
    .join(', ')
    .slice(0, 300);
}

const nothing: Step<never> = {
  passed: false,
  use: () => {
    throw new CouldNotCheck('VERIFY_DEPENDS', 'needs the check "trust policy"');
  },
};
