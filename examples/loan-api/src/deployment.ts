import { readFileSync } from 'node:fs';
import { treeModel } from '@showcause/middleware';
import type { DecisionModel } from '@showcause/middleware';
import { parseReasonRegistry } from '@showcause/explain';
import type { ReasonRegistry } from '@showcause/explain';
import { lendingPolicy } from './decision/policy.ts';
import { modelVersion } from './model-version.ts';

/** The person to ask, on every page and in every answer. */
export const contact = { name: 'Credit desk', url: 'https://lender.example/credit-desk' } as const;

const modelFolder = new URL('../model/', import.meta.url);

/** The trained model with the background that explanations are measured against. */
export function loadLoanModel(): DecisionModel {
  return treeModel({
    name: 'german-credit-risk',
    version: modelVersion,
    file: new Uint8Array(readFileSync(new URL('credit.ubj', modelFolder))),
    background: background(),
    perturbation: 'interventional',
  });
}

/** The sentences that a person is given, one group for each feature of the model and each rule. */
export function loadReasons(): ReasonRegistry {
  return parseReasonRegistry(
    JSON.parse(readFileSync(new URL('reasons.json', modelFolder), 'utf8')),
  );
}

function background() {
  const { id, band, rows } = JSON.parse(
    readFileSync(new URL('background.json', modelFolder), 'utf8'),
  ) as { id: string; band: { measure: string; from: number; below: number }; rows: number[][] };
  return { id, band, rows };
}

/** What an applicant could have had otherwise; not what is past, and not the purpose: it is what it is. */
function mutableFeatures(): object {
  return JSON.parse(readFileSync(new URL('mutable.json', modelFolder), 'utf8')) as object;
}

/** What `createAudit` has to know of this system; keys, spool and transport are the operator's to add. */
export function loanDeployment() {
  return {
    producer: 'loan-api',
    system: { name: 'loan-api', version: '0.1.0' },
    model: loadLoanModel(),
    reasons: loadReasons(),
    policy: lendingPolicy,
    counterfactuals: { mutable: mutableFeatures() },
    contact,
    // 12 CFR 1002.12(b)(1): 25 months after the applicant was told.
    retention: { class: 'credit-decision-25-months' },
  };
}
