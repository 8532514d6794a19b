import { fromHex, merkleRoot, leafHash, toHex } from '@showcause/core';
import { faults } from './catalogue.ts';
import type { Fault } from './catalogue.ts';
import type { BatchLine, EndLine, Line, RunLine, TrialLine } from './records.ts';

/** What is said of the trials of one fault. */
export interface FaultSummary {
  /** trials in which the fault came to be */
  trials: number;
  /** trials in which it did not */
  missed: number;
  /** trials with a violation */
  failed: number;
  lost: number;
  unproven: number;
  /** ms; null without a trial that had to come back */
  answer: Spread | null;
  checkpoint: Spread | null;
}

export interface Spread {
  median: number;
  p99: number;
  most: number;
}

export interface Summary {
  run: RunLine;
  /** null: the run was not ended in order */
  end: EndLine | null;
  faults: Partial<Record<Fault, FaultSummary>>;
  /** with a fault that came to be; the others are `missed` */
  trials: number;
  missed: number;
  batches: number;
  receipts: number;
  entries: number;
  heads: number;
  lost: number;
  duplicated: number;
  unproven: number;
  holes: number;
  forked: number;
  refused: number;
  /** processes that wanted a core while trials began */
  load: Spread | null;
  violations: readonly string[];
  /** RFC 6962 root over the batches' roots, in the order of the lines, hex; each of those is one over its receipts */
  root: string;
}

/** What follows from the lines of a report, and from nothing else. @throws {RangeError} without a `run` line */
export function summarise(lines: readonly Line[]): Summary {
  const run = lines.find((line): line is RunLine => line.kind === 'run');
  if (run === undefined) throw new RangeError('got no line of kind run');
  const trials = lines.filter((line): line is TrialLine => line.kind === 'trial');
  const batches = lines.filter((line): line is BatchLine => line.kind === 'batch');
  const sum = (member: (line: BatchLine) => number): number =>
    batches.reduce((total, line) => total + member(line), 0);
  const roots = batches.filter(({ root }) => root !== '').map(({ root }) => fromHex(root, 32));
  return {
    run,
    end: lines.find((line): line is EndLine => line.kind === 'end') ?? null,
    faults: Object.fromEntries(
      faults
        .map((fault) => [fault, trials.filter((line) => line.fault === fault)] as const)
        .filter(([, own]) => own.length > 0)
        .map(([fault, own]) => [fault, ofFault(own)]),
    ),
    trials: trials.filter(({ hit }) => hit).length,
    missed: trials.filter(({ hit }) => !hit).length,
    batches: batches.length,
    receipts: sum(({ receipts }) => receipts),
    entries: sum(({ entries }) => entries),
    heads: sum(({ heads }) => heads),
    lost: sum(({ lost }) => lost),
    duplicated: sum(({ duplicated }) => duplicated),
    unproven: sum(({ unproven }) => unproven),
    holes: sum(({ holes }) => holes),
    forked: sum(({ forked }) => forked),
    refused: trials.reduce((total, { refused }) => total + refused, 0),
    load: spread(trials.map(({ load }) => load)),
    violations: [...trials, ...batches].flatMap(describeViolations),
    root: toHex(merkleRoot(roots.map((root) => leafHash(root)))),
  };
}

function describeViolations(line: TrialLine | BatchLine): string[] {
  const where = line.kind === 'trial' ? `${line.fault} ${line.seed}` : `batch ${line.batch}`;
  return line.violations.map((what) => `${where} (${line.configuration}): ${what}`);
}

function ofFault(lines: readonly TrialLine[]): FaultSummary {
  const hits = lines.filter(({ hit }) => hit);
  return {
    trials: hits.length,
    missed: lines.length - hits.length,
    failed: lines.filter(({ violations, lost }) => violations.length > 0 || lost > 0).length,
    lost: lines.reduce((sum, { lost }) => sum + lost, 0),
    unproven: lines.reduce((sum, { unproven }) => sum + unproven, 0),
    answer: spread(hits.map(({ answerMs }) => answerMs)),
    checkpoint: spread(hits.map(({ checkpointMs }) => checkpointMs)),
  };
}

function spread(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const at = (part: number): number => known[Math.ceil(part * known.length) - 1] ?? 0;
  return known.length === 0 ? null : { median: at(0.5), p99: at(0.99), most: at(1) };
}

/** A run whose faults mostly do not come to be says nothing. */
const MOST_MISSED = 0.1;

/** Whether every bar was met. */
export function isSound(summary: Summary): boolean {
  const { lost, unproven, duplicated, holes, forked, violations, trials, missed } = summary;
  const bad = [lost, unproven, duplicated, holes, forked, violations.length];
  return trials > 0 && missed <= MOST_MISSED * (trials + missed) && bad.every((n) => n === 0);
}
