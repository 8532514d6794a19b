// One decision of the loan example: score, attributions, reasons; and the score alone beside XGBoost's in-place predict.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  explainerOf,
  loadModel,
  parseReasonRegistry,
  principalReasons,
  rowOf as featureRow,
} from '@showcause/explain';
import { atMost, median, quantile, rowOf } from '../lib/measure.mjs';
import { root } from '../lib/scratch.mjs';

const DECISIONS = 5_000;

const file = (name) => readFileSync(join(root, 'examples/loan-api/model', name));

/** @returns {Promise<{ rows: import('../lib/measure.mjs').BenchRow[], bars: import('../lib/measure.mjs').BenchBar[] }>} */
export async function loanRows(rounds, python) {
  const { decide, score, people } = loanDecision();
  const rounded = (work) =>
    Array.from({ length: rounds }, () =>
      Array.from({ length: DECISIONS }, (_, i) =>
        microseconds(() => work(people[i % people.length])),
      ),
    );
  rounded(decide);
  const decisions = rounded(decide);
  const p99 = rowOf(
    'loan: score, attributions, reasons, p99',
    'us',
    decisions.map((list) => quantile(list, 0.99)),
  );
  const p50 = rowOf(
    'loan: score, attributions, reasons, p50',
    'us',
    decisions.map((list) => quantile(list, 0.5)),
  );
  const scores = rowOf(
    'loan: score alone, p50',
    'us',
    rounded(score).map((list) => quantile(list, 0.5)),
  );
  const bars = [atMost('loan: one decision, p99, us', 300, p99.median)];
  const peer = python === null ? null : await inPlacePredict(python, people[0].length, rounds);
  if (peer === null) return { rows: [p50, p99, scores], bars };
  bars.push(
    atMost(
      "loan: score alone, over XGBoost's in-place predict of one row",
      1,
      scores.median / median(peer),
    ),
  );
  return {
    rows: [p50, p99, scores, rowOf("loan: XGBoost's in-place predict, one row", 'us', peer)],
    bars,
  };
}

function loanDecision() {
  const model = loadModel(new Uint8Array(file('credit.ubj')));
  const registry = parseReasonRegistry(JSON.parse(file('reasons.json').toString()));
  const background = JSON.parse(file('background.json').toString()).rows.map((row) =>
    featureRow(model, row),
  );
  const explainer = explainerOf(model, { perturbation: 'interventional', background });
  const people = file('held-out-scores.ndjson')
    .toString()
    .trim()
    .split('\n')
    .map((line) => featureRow(model, JSON.parse(line).features));
  return {
    people,
    score: (row) => model.predict(row),
    decide: (row) =>
      principalReasons({
        registry,
        model,
        row,
        background,
        explanation: explainer.explain(row),
        adverseDirection: 'higher',
      }),
  };
}

function microseconds(work) {
  const started = performance.now();
  work();
  return 1000 * (performance.now() - started);
}

async function inPlacePredict(python, features, rounds) {
  const path = join(root, 'examples/loan-api/model/credit.ubj');
  const values = [];
  for (let round = 0; round < rounds; round++) {
    const answer = await python.ask({ ask: 'score', path, features, repeat: 2_000 });
    if (answer.error !== undefined) {
      console.error(`left out: XGBoost's in-place predict: ${answer.error}`);
      return null;
    }
    values.push(answer.us);
  }
  return values;
}
