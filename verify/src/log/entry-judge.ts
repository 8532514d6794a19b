import { CodedError, fromHex, isRegistration, parseEntry } from '@showcause/core';
import type { EntryOf, KnownEntry, ParsedEntry, TrustPolicy } from '@showcause/core';
import { AnnouncedGaps } from './announced-gaps.ts';
import type { CouldNotCheck } from '../errors.ts';
import type { Findings } from './findings.ts';
import { LoggedGovernance } from './governance.ts';
import type { ObservedGovernance } from './governance.ts';
import { Intents } from './intents.ts';
import { positionOf } from './position.ts';
import type { Position } from './position.ts';
import { Registry } from './registry.ts';
import { producerRows } from './rows.ts';
import type { ProducerRow } from './rows.ts';
import { Streams } from './streams.ts';

/** Types listed by name in the report. */
const MAX_TYPES = 1000;

/** Judges every entry by its content and its place; the tree over them is not its concern. */
export class EntryJudge {
  readonly registry: Registry;
  readonly #findings: Findings;
  readonly #streams: Streams;
  readonly #intents: Intents;
  readonly #announced = new AnnouncedGaps();
  readonly #governance: LoggedGovernance;
  readonly #types = new Map<string, number>();

  constructor(policy: TrustPolicy, findings: Findings) {
    this.#findings = findings;
    this.registry = new Registry(
      fromHex(policy.logId, 32),
      fromHex(policy.registrar, 32),
      findings,
    );
    this.#streams = new Streams(this.registry, findings);
    this.#intents = new Intents(findings);
    this.#governance = new LoggedGovernance(findings, policy.chains);
  }

  /** @param leaf hex */
  add(bytes: Uint8Array, leaf: string, index: number): void {
    try {
      this.#judge(parseEntry(bytes), leaf, index);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#findings.refuted('log-entries', 'VERIFY_ENTRY', `index ${index}: ${error.code}`);
    }
  }

  /**
   * What shows only at the end.
   * @param complete  whether the whole log was read: else what is missing may lie in the rest
   * @param now  Unix seconds
   * @param observed  what a node says of the contract
   */
  finish(
    complete: boolean,
    now: number,
    observed: ObservedGovernance | CouldNotCheck | null = null,
  ): void {
    this.#streams.finish(complete);
    this.#announced.finish(this.#streams, this.#findings);
    this.#intents.finish(complete, now);
    this.#governance.finish(observed, complete, now);
  }

  /** How many governance entries there are. */
  get governed(): number {
    return this.#governance.count;
  }

  rows(): ProducerRow[] {
    return producerRows(this.#streams.all(), this.#intents);
  }

  /** How many entries there are of each type. */
  types(): string {
    return [...this.#types].map(([type, count]) => `${count} ${type}`).join(', ');
  }

  #judge(parsed: ParsedEntry, leaf: string, index: number): void {
    this.#checkType(parsed, index);
    if (parsed.kind === 'known' && isRegistration(parsed.entry)) {
      this.registry.register(parsed.entry, leaf, index);
      return;
    }
    const at = positionOf(parsed);
    if (at !== null) this.#follow(at, parsed, leaf, index);
  }

  #checkType(parsed: ParsedEntry, index: number): void {
    const type = typeOf(parsed);
    if (this.#types.size < MAX_TYPES || this.#types.has(type))
      this.#types.set(type, (this.#types.get(type) ?? 0) + 1);
    if (parsed.kind !== 'known')
      this.#findings.open('log-types', 'VERIFY_UNKNOWN', `${type} at index ${index}`);
    else if ((parsed.entry.type === 'genesis') !== (index === 0))
      this.#findings.refuted('log-entries', 'VERIFY_ENTRY', `${type} at index ${index}`);
  }

  #follow(at: Position, parsed: ParsedEntry, leaf: string, index: number): void {
    const entry = parsed.kind === 'known' ? parsed.entry : null;
    const sig = entry !== null && 'sig' in entry ? entry.sig : null;
    const stream = entry?.type === 'stream' ? entry : null;
    const epoch = this.#streams.add(at, leaf, index, sig, stream);
    // What stands at no place of a stream is reported already and pairs with nothing.
    if (epoch === null || entry === null) return;
    this.#surface(entry, index);
    const waiting = { producer: at.producer, index, time: at.at ?? 0 };
    if (entry.type === 'intent') {
      epoch.intents++;
      this.#intents.intent(leaf, waiting);
    } else if (entry.type === 'decision') {
      epoch.decisions++;
      this.#intents.decision(entry.intent, waiting);
    }
    if ('deployment' in entry && !this.registry.hasDeployment(entry.deployment, at.producer))
      this.#findings.refuted(
        'log-deployments',
        'VERIFY_DEPLOYMENT',
        `${at.type} at index ${index}`,
      );
  }

  /** What a producer or the service itself wrote down as wrong. */
  #surface(entry: KnownEntry, index: number): void {
    const gap = (what: string): void =>
      this.#findings.open('log-gaps', 'VERIFY_GAP', `${what}, index ${index}`);
    if (entry.type === 'gap') gap(letThrough(entry));
    else if (entry.type === 'opaque') gap(`${entry.count} messages that nobody could read`);
    else if (entry.type === 'governance') this.#governance.add(entry, index);
    else if (entry.type === 'streamGap') this.#announced.add(entry.about, index);
    else if (entry.type === 'equivocation') {
      const { producer, epoch, seq } = entry.about;
      const where = `${producer}, epoch ${epoch}, seq ${seq}, index ${index}`;
      this.#findings.refuted('log-equivocations', 'VERIFY_EQUIVOCATION', where);
    }
  }
}

function letThrough({ producer, count, from, to }: EntryOf<'gap'>): string {
  if (count !== null) return `${producer} let ${count} decisions through unrecorded`;
  return `${producer} stopped without an end and may have let decisions through unrecorded from ${from} to ${to}`;
}

function typeOf(parsed: ParsedEntry): string {
  if (parsed.kind === 'known') return parsed.entry.type;
  return parsed.kind === 'unknown' ? parsed.type : parsed.tag;
}
