import { parseArgs } from 'node:util';
import { configurations, faults } from './catalogue.ts';
import type { Fault } from './catalogue.ts';

export const usage = `usage: npm run chaos -- [--profile ci|full] [--minutes M] [--seed S] [--only FAULT,…] [--at-once N] [--report DIR] [--json]
       npm run chaos -- --replay FILE --runs N [--seed S] [--json]
       npm run chaos -- --check FILE
faults: ${faults.join(', ')}`;

export interface Options {
  mode: 'run' | 'replay' | 'check';
  profile: 'ci' | 'full';
  minutes: number;
  seed: string;
  only: readonly Fault[];
  /** systems that run at the same time; fewer leave a small machine room for what it measures */
  atOnce: number;
  /** folder of reports; null: none is written */
  report: string | null;
  /** lines of an earlier run */
  file: string;
  runs: number;
  json: boolean;
}

const MINUTES = { ci: 6, full: 60 } as const;

/** @throws {TypeError} with the usage */
export function parseOptions(args: readonly string[], defaultSeed: string): Options {
  const { values } = parse(args);
  const { profile, only, replay, check } = values;
  if (profile !== 'ci' && profile !== 'full') throw wrong(`--profile ${profile}`);
  const chosen = only === undefined ? faults : only.split(',').map(faultOf);
  const minutes = values.minutes === undefined ? MINUTES[profile] : Number(values.minutes);
  if (!(minutes > 0 && minutes <= 1_440)) throw wrong(`--minutes ${values.minutes}`);
  const runs = Number(values.runs);
  if (!Number.isSafeInteger(runs) || runs < 1 || runs > 1_000) throw wrong(`--runs ${values.runs}`);
  const atOnce = Number(values['at-once']);
  if (!Number.isSafeInteger(atOnce) || atOnce < 1 || atOnce > configurations.length)
    throw wrong(`--at-once ${values['at-once']}`);
  const seed = values.seed ?? defaultSeed;
  if (!/^[\w.-]{1,100}$/.test(seed)) throw wrong('a seed with other than letters, digits, . _ -');
  return {
    mode: replay !== undefined ? 'replay' : check !== undefined ? 'check' : 'run',
    profile,
    minutes,
    seed,
    only: chosen,
    atOnce,
    report: values.report ?? null,
    file: replay ?? check ?? '',
    runs,
    json: values.json,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        profile: { type: 'string', default: 'ci' },
        minutes: { type: 'string' },
        seed: { type: 'string' },
        only: { type: 'string' },
        'at-once': { type: 'string', default: String(configurations.length) },
        report: { type: 'string' },
        replay: { type: 'string' },
        runs: { type: 'string', default: '3' },
        check: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : 'other arguments');
  }
}

function faultOf(name: string): Fault {
  const found = faults.find((fault) => fault === name);
  if (found === undefined) throw wrong(`fault ${name}`);
  return found;
}

function wrong(got: string): TypeError {
  return new TypeError(`got ${got}\n${usage}`);
}
