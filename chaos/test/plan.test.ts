import { expect, test } from '@jest/globals';
import { configurations, faults, targetsOf, timesOf } from '../src/catalogue.ts';
import { drawRound, planOf } from '../src/plan.ts';
import { rounds } from '../src/report.ts';

test('a round is the CI column of the test plan', () => {
  expect(rounds).toEqual({
    'kill-app': 100,
    'kill-service': 100,
    'kill-broker': 10,
    freeze: 10,
    network: 100,
    postgres: 10,
    'disk-full': 9,
    'sync-error': 100,
    'bit-flip': 50,
    'clock-jump': 6,
    'duplicate-storm': 3,
  });
});

test('a seed gives one plan, and its replay is that plan', () => {
  const plans = drawRound('a', { configuration: 'kafka-postgres', faults, share: 1 });
  for (const plan of plans) expect(planOf(plan.seed)).toEqual(plan);
  expect(plans).toEqual(drawRound('a', { configuration: 'kafka-postgres', faults, share: 1 }));
  expect(drawRound('b', { configuration: 'kafka-postgres', faults, share: 1 })).not.toEqual(plans);
});

test.each(configurations)('a round and a fifth of one hold their share in %s', (configuration) => {
  for (const share of [1, 0.2]) {
    const plans = drawRound('c', { configuration, faults, share });
    for (const fault of faults) {
      const own = plans.filter((plan) => plan.fault === fault);
      expect(own).toHaveLength(Math.ceil(timesOf(fault, configuration) * share));
      for (const { target, delaysMs } of own) {
        expect(targetsOf(fault, configuration)).toContain(target);
        for (const ms of delaysMs) expect(ms >= 0 && ms <= 500).toBe(true);
      }
    }
  }
});
