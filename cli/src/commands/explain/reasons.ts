import { canonicalBytes, parseJson, sha256, toHex } from '@showcause/core';
import {
  approves,
  assertApproved,
  checkRegistry,
  keyFactors,
  languagesOf,
  parseReasonRegistry,
  principalReasons,
  registryJson,
} from '@showcause/explain';
import type {
  Approval,
  Explanation,
  Model,
  Reason,
  ReasonGroup,
  ReasonRegistry,
  FeatureRow,
} from '@showcause/explain';
import { readText } from '../../files.ts';
import type { OutcomeOptions } from './outcome-options.ts';
import type { ReasonOptions } from './reason-options.ts';

/** What was asked of every row. */
export interface ReasonTask {
  readonly model: Model;
  readonly background: readonly FeatureRow[];
  readonly registry: ReasonRegistry;
  /** hex SHA-256 of spec/reasons.md */
  readonly sha256: string;
  readonly language: string;
  readonly adverse: 'higher' | 'lower';
  /** null: every row is taken to be adverse */
  readonly approval: Approval | null;
  readonly most: number | undefined;
  /** class whose score is explained; undefined: the model has one */
  readonly output: number | undefined;
  readonly keyFactors: boolean;
}

/** The reasons of one row; none where it is approved. */
export interface RowReasons {
  readonly adverse: boolean;
  readonly reasons: readonly Reason[];
  readonly all: readonly ReasonGroup[];
}

/**
 * Reads and checks the registry against model, background and options.
 * @throws {CliError} `FILE_UNREADABLE`; ExplainError REASON_*
 */
export function reasonTask(
  path: string,
  options: ReasonOptions,
  model: Model,
  background: readonly FeatureRow[],
): ReasonTask {
  const registry = parseReasonRegistry(parseJson(readText(path)));
  checkRegistry(registry, model.featureNames);
  const adverse = options.adverse ?? 'higher';
  const approval = approvalOf(adverse, options);
  if (approval !== null) assertApproved(model, background, approval);
  return {
    model,
    background,
    registry,
    sha256: toHex(sha256(canonicalBytes(registryJson(registry)))),
    language: languageOf(registry, options.language),
    adverse,
    approval,
    most: options.most,
    output: options.output,
    keyFactors: options.keyFactors === true,
  };
}

/** Null without a threshold. */
export function approvalOf(
  adverse: 'higher' | 'lower',
  { measure, output, threshold }: OutcomeOptions,
): Approval | null {
  if (threshold === undefined) return null;
  return {
    ...(adverse === 'higher' ? { approveBelow: threshold } : { approveAtLeast: threshold }),
    ...(measure === undefined ? {} : { measure }),
    ...(output === undefined ? {} : { output }),
  };
}

/** The registry's spelling of a tag, whatever its case; a wrong one is refused when it is first used. */
function languageOf(registry: ReasonRegistry, wanted: string | undefined): string {
  if (wanted === undefined) return registry.language;
  const lower = wanted.toLowerCase();
  return languagesOf(registry).find((tag) => tag.toLowerCase() === lower) ?? wanted;
}

/** @throws ExplainError REASON_*, EXPLAIN_* */
export function reasonsOf(
  task: ReasonTask,
  row: Float64Array,
  explanation: Explanation,
): RowReasons {
  const { model, background, registry, language, most, output, adverse, approval } = task;
  const question = {
    registry,
    model,
    row,
    explanation,
    background,
    language,
    adverseDirection: adverse,
    ...(most === undefined ? {} : { most }),
    ...(output === undefined ? {} : { output }),
  };
  const { reasons, all } = task.keyFactors ? factorsOf(question) : principalsOf(question);
  const isAdverse = approval === null || !approves(explanation, approval);
  return { adverse: isAdverse, reasons: isAdverse ? reasons : [], all };
}

type Answer = Omit<RowReasons, 'adverse'>;

function principalsOf(question: Parameters<typeof principalReasons>[0]): Answer {
  const { principal, all } = principalReasons(question);
  return { reasons: principal, all };
}

function factorsOf(question: Parameters<typeof keyFactors>[0]): Answer {
  const { factors, all } = keyFactors(question);
  return { reasons: factors, all };
}
