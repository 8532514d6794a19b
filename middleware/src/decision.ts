import type {
  Explanation,
  FeatureRecord,
  FiredRule,
  Prediction,
  Reason,
  ReasonRegistry,
} from '@showcause/explain';
import { explanationFacts } from '@showcause/explain';
import type { Span } from '@opentelemetry/api';
import { sha256, toHex } from '@showcause/core';
import { AuditError } from './errors.ts';
import type { LaterExplanations } from './counterfactuals/later.ts';
import { reasonsFor } from './model/reasons.ts';
import type { DecisionModel } from './model/tree-model.ts';
import type { DecisionPolicy, PagesOptions } from './options.ts';
import type {
  DecisionStatus,
  RequestFacts,
  ResponseFacts,
  ScoredCall,
  StatedFacts,
} from './record/messages.ts';
import { randomId } from './sealing/random.ts';
import type { Durable, Sealer } from './sealing/sealer.ts';
import type { ReplicaOptions, Replicas } from './replicas.ts';
import { selected } from './selected.ts';
import type { Telemetry } from './telemetry.ts';

export type OnUnloggable = 'refuse' | 'release';
export type OnUnexplained = 'refer' | 'hold' | 'release';
export type OnHalt = 'refuse' | 'refer';
export type FeatureOverrides = FeatureRecord;

/** What the model said about one row. With several outputs the single numbers are NaN and the lists count. */
export interface Scored {
  /** 0-based number of this call within its decision */
  readonly call: number;
  readonly margin: number;
  readonly score: number;
  readonly probability: number;
  readonly margins: readonly number[];
  readonly scores: readonly number[];
  readonly probabilities: readonly number[] | null;
  /** null when it could not be explained: then `onUnexplained` decides about adverse answers */
  readonly explanation: Explanation | null;
}

export interface ReasonsOptions {
  /**
   * false: fired rules alone, where the model had nothing against the person and a rule decided;
   * true by default
   */
  model?: boolean;
  /** BCP 47 tag of a language of the registry, its own by default: what is given and recorded as given */
  language?: string;
}

/** `req.decision`: the decision that this request makes. */
export interface RequestDecision {
  /** 32 hex digits */
  readonly id: string;
  /** path of the person's page with its code as fragment */
  readonly page: string | null;
  /**
   * Calls the model, explains, and records in one step: the call is the record, and its intent is
   * durable before the model runs.
   * @param overrides  features that differ from the route's own, for instance of a counter-offer
   * @throws what explain throws for a wrong row, with a code FEATURE_*; `DECISION_HALTED`
   */
  score(overrides?: FeatureOverrides): Promise<Scored>;
  /** Registers a policy rule that decided against the person; rules rank before the model. */
  rule(code: string, values?: FiredRule['values']): void;
  /**
   * Up to four principal reasons, recorded with the decision: fired rules, then the model's, about
   * the first call: the request as made. What the newest call gave is what is recorded.
   * @throws {AuditError} `DECISION_NO_RULE`; what explain throws, with a code REASON_*
   */
  reasons(options?: ReasonsOptions): readonly Reason[];
  /** Adds claims: terms, product, legal basis, provenance, people, extra. */
  state(facts: Omit<StatedFacts, 'outcome' | 'reasons' | 'rulesFired' | 'error' | 'shown'>): void;
}

/** What every decision of an audit shares. */
export interface DecisionRuntime {
  sealer: Pick<Sealer, 'seal'>;
  telemetry: Telemetry;
  model: DecisionModel | null;
  registry: ReasonRegistry | null;
  policy: DecisionPolicy | null;
  pages: Required<PagesOptions>;
  now: () => number;
  /** whether automated decisions are stopped */
  halted: () => boolean;
  /** What an answer waits for beside this disk; null where it waits for nothing. @throws {AuditError} `OPTIONS_*` */
  replicas: (wanted: ReplicaOptions) => Replicas | null;
  /** gets every decision once it is durable; null where nothing follows */
  later: Pick<LaterExplanations, 'take' | 'owes'> | null;
  /** Says durably that something may be let through; resolves at once when that was said already. */
  releasing: () => Promise<void>;
}

/** How a request ended. */
export interface Ending {
  status: DecisionStatus;
  outcome: unknown;
  response: ResponseFacts | null;
  error: { name: string | null; code: string | null } | null;
}

/** What a model said about a row, and its explanation as it is returned and recorded. */
interface Asked {
  prediction: Prediction;
  explained: {
    explanation: Explanation | null;
    recorded: Pick<ScoredCall, 'explanation' | 'unexplained'>;
  };
}

const DAY_MS = 86_400_000;

/** One decision from its first intent to its record. Knows nothing of HTTP. */
export class DecisionInProgress implements RequestDecision {
  readonly id = randomId();
  readonly #runtime: DecisionRuntime;
  readonly #facts: RequestFacts;
  readonly #features: (() => FeatureRecord | readonly (number | null)[]) | null;
  readonly #onUnloggable: OnUnloggable;
  readonly #replicas: Replicas | null;
  readonly #token = randomId();
  readonly #calls: ScoredCall[] = [];
  readonly #explained: { row: Float64Array; explanation: Explanation }[] = [];
  readonly #rules: FiredRule[] = [];
  #stated: StatedFacts = {};
  #reasons: readonly Reason[] | null = null;
  #asked: Required<Pick<ReasonsOptions, 'model'>> & ReasonsOptions = { model: true };
  #unexplained: string | null = null;
  #made = 0;
  #factsSent = false;
  #unlogged = false;
  #ended = false;

  constructor(
    runtime: DecisionRuntime,
    facts: RequestFacts,
    settings: {
      features: (() => FeatureRecord | readonly (number | null)[]) | null;
      onUnloggable: OnUnloggable;
      replicas: Replicas | null;
    },
  ) {
    this.#runtime = runtime;
    this.#facts = facts;
    this.#features = settings.features;
    this.#onUnloggable = settings.onUnloggable;
    this.#replicas = settings.replicas;
    if (this.#onUnloggable === 'release') void runtime.releasing();
  }

  get page(): string {
    return `${this.#runtime.pages.base}/${this.id}#${this.#token}`;
  }

  /** True once something of this decision could not be written and was let through. */
  get unlogged(): boolean {
    return this.#unlogged;
  }
  get ended(): boolean {
    return this.#ended;
  }

  /** The intent of the whole handler; durable when it resolves. */
  async intend(): Promise<void> {
    await this.#intent(null, null);
  }

  async score(overrides?: FeatureOverrides): Promise<Scored> {
    if (this.#ended) throw new AuditError('DECISION_ENDED', { got: 'score()' });
    const { model, telemetry, now } = this.#runtime;
    if (model === null) throw new AuditError('DECISION_NO_MODEL', { got: 'score()' });
    if (this.#runtime.halted()) throw new AuditError('DECISION_HALTED', { got: 'score()' });
    const row = model.row(this.#record(overrides));
    const call = this.#made++;
    await this.#intent(call, row);
    const started = now();
    const span = telemetry.span('showcause.score', { 'showcause.call': call });
    const { prediction, explained } = this.#ask(model, row, span);
    telemetry.scored(now() - started, explained.explanation !== null);
    const { margin, score, probability } = prediction;
    this.#calls.push({ call, features: row, margin, score, probability, ...explained.recorded });
    if (explained.explanation !== null)
      this.#explained.push({ row, explanation: explained.explanation });
    const only = (values: readonly number[] | null): number =>
      values?.length === 1 ? values[0]! : NaN;
    return {
      call,
      margin: only(margin),
      score: only(score),
      probability: only(probability),
      margins: margin,
      scores: score,
      probabilities: probability,
      explanation: explained.explanation,
    };
  }

  rule(code: string, values: FiredRule['values'] = {}): void {
    if (this.#ended) throw new AuditError('DECISION_ENDED', { got: 'rule()' });
    this.#rules.push({ code, values });
    this.#reasons = null;
  }

  reasons({ model: withModel = true, language }: ReasonsOptions = {}): readonly Reason[] {
    const known = this.#asked.model === withModel && this.#asked.language === language;
    if (this.#reasons !== null && known) return this.#reasons;
    const { model, registry } = this.#runtime;
    if (model === null || registry === null)
      throw new AuditError('DECISION_NO_MODEL', { got: 'reasons() without model or reasons' });
    if (!withModel && this.#rules.length === 0)
      throw new AuditError('DECISION_NO_RULE', { got: 'reasons({ model: false })' });
    const scored = this.#explained[0] ?? null;
    const { principal } = reasonsFor(model, registry, {
      row: scored?.row ?? this.#rowIfAny(model),
      explanation: withModel ? (scored?.explanation ?? null) : null,
      rules: this.#rules,
      adverseDirection: this.#adverseDirection(),
      ...(language === undefined ? {} : { language }),
    });
    this.#reasons = principal;
    this.#asked = { model: withModel, ...(language === undefined ? {} : { language }) };
    return principal;
  }

  state(facts: Omit<StatedFacts, 'outcome' | 'reasons' | 'rulesFired' | 'error' | 'shown'>): void {
    this.#stated = { ...this.#stated, ...facts };
  }

  /** Whether an outcome goes against the person, by the policy. */
  isAdverse(outcome: unknown): boolean {
    return isAdverse(this.#runtime.policy, outcome);
  }

  /**
   * Why an adverse outcome may not be told yet, or null: there is no reason for it, its reasons could
   * not be found, or a call of its model is unexplained.
   */
  missingExplanation(outcome: unknown): string | null {
    if (!this.isAdverse(outcome) || this.#runtime.registry === null) return null;
    if (this.#unexplained !== null) return this.#unexplained;
    try {
      return this.#standingReasons().length === 0 ? 'DECISION_UNEXPLAINED' : null;
    } catch (error) {
      return codeOf(error);
    }
  }

  /**
   * Records how it ended; durable and promised when it resolves, and replicated where that is asked.
   * @returns null when a releasing route could not log
   * @throws the coded error that refused the record; `DECISION_UNREPLICATED`
   */
  async finish(ending: Ending): Promise<Durable | null> {
    if (this.#ended) throw new AuditError('DECISION_ENDED', { got: 'finish()' });
    this.#ended = true;
    const durable = await this.#seal(ending);
    if (durable !== null) this.#oweExplanation(ending);
    // Without an answer there is nobody who would rely on it.
    if (durable !== null && ending.response !== null) await this.#replicas?.await(this.id, durable);
    return durable;
  }

  #oweExplanation({ outcome, status }: Ending): void {
    const { later, now } = this.#runtime;
    later?.take({
      decisionId: this.id,
      subject: this.#facts.subject,
      decidedAt: now(),
      isAdverse: status === 'decided' && this.isAdverse(outcome),
      hasRules: this.#rules.length > 0,
      row: this.#calls[0]?.features ?? null,
    });
  }

  async #seal(ending: Ending): Promise<Durable | null> {
    const { sealer, now, pages, telemetry } = this.#runtime;
    const endedAt = now();
    const span = telemetry.span('showcause.record', { 'showcause.decision.status': ending.status });
    try {
      const durable = await sealer.seal({
        kind: 'decision',
        decisionId: this.id,
        facts: this.#takeFacts(),
        status: ending.status,
        endedAt,
        calls: this.#calls,
        response: withoutCode(ending.response, this.#token),
        stated: this.#state(ending),
        page: { token: this.#token, expires: endedAt + pages.tokenDays * DAY_MS },
      });
      telemetry.decided(ending.status, now() - endedAt);
      return durable;
    } catch (error) {
      telemetry.unloggable(codeOf(error));
      if (this.#onUnloggable === 'refuse') throw error;
      await this.#release();
      return null;
    } finally {
      span.end();
    }
  }

  /** As the handler asked for them last. */
  #standingReasons(): readonly Reason[] {
    return this.reasons(this.#asked);
  }

  #state(ending: Ending): string {
    const reasons = this.#reasonsToRecord(ending.outcome);
    const stated: StatedFacts = {
      ...this.#stated,
      outcome: ending.outcome ?? null,
      error: ending.error,
      ...(this.#rules.length === 0 ? {} : { rulesFired: this.#rules.map(({ code }) => code) }),
      ...(reasons === null
        ? {}
        : {
            reasons: reasons.map(({ code, rank, text, statement, language, features }) => ({
              code,
              rank,
              text,
              statement,
              language,
              features,
            })),
            shown: reasons.map(({ code, rank, text, next, value, language, translations }) => ({
              code,
              rank,
              text,
              next,
              value,
              language,
              translations: Object.fromEntries(
                Object.entries(translations).map(([tag, said]) => [
                  tag,
                  { text: said.text, next: said.next },
                ]),
              ),
            })),
          }),
    };
    return JSON.stringify(stated);
  }

  #reasonsToRecord(outcome: unknown): readonly Reason[] | null {
    if (this.#reasons !== null || !this.isAdverse(outcome) || this.#runtime.registry === null)
      return this.#reasons;
    try {
      return this.#standingReasons();
    } catch {
      return null; // `missingExplanation` has decided what becomes of the answer
    }
  }

  async #intent(call: number | null, features: Float64Array | null): Promise<void> {
    const facts = this.#takeFacts();
    try {
      await this.#runtime.sealer.seal({
        kind: 'intent',
        decisionId: this.id,
        call,
        facts,
        features,
      });
    } catch (error) {
      if (facts !== null) this.#factsSent = false;
      this.#runtime.telemetry.unloggable(codeOf(error));
      if (this.#onUnloggable === 'refuse') throw error;
      this.#unlogged = true;
    }
  }

  /**
   * Counted in memory and on disk until the spool takes the gap entry that says so.
   * @throws {AuditError} `AUDIT_CLOSED`: after a clean end nothing would say so any more
   */
  async #release(): Promise<void> {
    this.#unlogged = true;
    await this.#runtime.releasing();
    try {
      await this.#runtime.sealer.seal({ kind: 'unlogged', at: this.#runtime.now() });
    } catch (error) {
      if (codeOf(error) === 'AUDIT_CLOSED') throw error;
      // Nothing can be written any more; health says so, and the next start that nobody knows what was let through.
    }
  }

  #takeFacts(): RequestFacts | null {
    if (this.#factsSent) return null;
    this.#factsSent = true;
    return this.#facts;
  }

  #record(overrides: FeatureOverrides | undefined): FeatureRecord | readonly (number | null)[] {
    const select = this.#features;
    if (select === null) {
      if (overrides !== undefined) return overrides;
      throw new AuditError('DECISION_NO_FEATURES', { got: 'score()' });
    }
    const own = selected('features', select) as ReturnType<typeof select> | null | undefined;
    if (typeof own !== 'object' || own === null)
      throw new AuditError('REQUEST_UNREADABLE', {
        got: 'a request without features',
        want: 'features by name, or in the order of the model',
      });
    if (overrides === undefined) return own;
    if (isList(own))
      throw new AuditError('DECISION_NO_FEATURES', {
        got: 'overrides of a list',
        want: 'features by name',
      });
    return { ...own, ...overrides };
  }

  #rowIfAny(model: DecisionModel): Float64Array | null {
    try {
      return model.row(this.#record(undefined));
    } catch {
      return null; // rules may decide because features are missing
    }
  }

  #ask(model: DecisionModel, row: Float64Array, span: Span): Asked {
    try {
      return { prediction: model.predict(row), explained: this.#explain(model, row) };
    } finally {
      span.end();
    }
  }

  #explain(model: DecisionModel, row: Float64Array): Asked['explained'] {
    try {
      const explanation = model.explain(row);
      const { baseValue, additivityError, attributions } = explanation;
      return {
        explanation,
        recorded: {
          explanation: {
            ...explanationFacts(explanation),
            baseValue,
            additivityError,
            attributions,
          },
          unexplained: null,
        },
      };
    } catch (error) {
      this.#unexplained = codeOf(error);
      return { explanation: null, recorded: { explanation: null, unexplained: this.#unexplained } };
    }
  }

  #adverseDirection(): 'higher' | 'lower' {
    return this.#runtime.policy?.approveAtLeast === undefined ? 'higher' : 'lower';
  }
}

/**
 * The response as it is kept: without the code that opens the person's page, which nobody but the
 * person shall read. Its hash stays that of the bytes as sent.
 */
function withoutCode(response: ResponseFacts | null, token: string): ResponseFacts | null {
  if (response === null || response.body === null) return response;
  const sent = Buffer.from(response.body.buffer, response.body.byteOffset, response.body.length);
  if (!sent.includes(token, 0, 'latin1')) return response;
  const kept = sent.toString('latin1').replaceAll(token, '*'.repeat(token.length));
  return {
    ...response,
    body: Buffer.from(kept, 'latin1'),
    hash: response.hash ?? toHex(sha256(sent)),
    redacted: true,
  };
}

/** Whether an outcome goes against the person, by the policy. */
export function isAdverse(policy: DecisionPolicy | null, outcome: unknown): boolean {
  return typeof outcome === 'string' && (policy?.adverse?.includes(outcome) ?? false);
}

function isList(
  value: FeatureRecord | readonly (number | null)[],
): value is readonly (number | null)[] {
  return Array.isArray(value);
}

/** The code of an error that has one, else its class: never a message, it may quote a person's data. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.name : 'UNKNOWN';
}
