import type { JsonObject } from '@showcause/core';
import type { LaterParts, OwedExplanation } from '../src/counterfactuals/later.ts';
import { counterfactualSettings } from '../src/counterfactuals/options.ts';
import { checkOptions } from '../src/check-options.ts';
import { openTelemetry } from '../src/telemetry.ts';
import { model, policy } from './model.ts';
import { counterfactuals } from './mutable.ts';

/** A queue of searches without a spool behind it: what it would seal is kept in `stated`. */
export function laterParts(more: Partial<LaterParts>): LaterParts & { stated: JsonObject[] } {
  const stated: JsonObject[] = [];
  const settings = counterfactualSettings(
    checkOptions({
      producer: 'test-api',
      keys: '/k',
      spool: '/s',
      contact: { name: 'Desk', url: 'https://help.example/' },
      model: model(),
      policy,
      counterfactuals,
    }),
  );
  if (settings === null) throw new Error('no settings');
  return {
    settings,
    sealer: {
      seal: (message) => {
        if (message.kind === 'explanation') stated.push(JSON.parse(message.stated) as JsonObject);
        return Promise.resolve({ seq: 0, header: null });
      },
      read: () => Promise.resolve(null),
      unexplained: () => Promise.resolve([]),
    },
    telemetry: openTelemetry(() => ({ spoolBytes: 0, open: 0, behind: 0, lagSeconds: 0 })),
    deployment: '',
    isAdverse: () => true,
    now: Date.now,
    stated,
    ...more,
  };
}

export const owed = (decisionId: string): OwedExplanation => ({
  decisionId,
  subject: null,
  decidedAt: 0,
  isAdverse: true,
  hasRules: false,
  row: Float64Array.of(1500, 100),
});

export const statusOf = ({ detail }: JsonObject): unknown => {
  const { code, status } = detail as JsonObject;
  return [status, code];
};
