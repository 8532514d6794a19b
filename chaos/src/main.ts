import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Draw } from './draw.ts';
import { readLines, writeReport } from './files.ts';
import { parseOptions } from './options.ts';
import type { Options } from './options.ts';
import { planOf } from './plan.ts';
import type { Plan } from './plan.ts';
import type { Line, RunLine, TrialLine } from './records.ts';
import { reportPage } from './report.ts';
import { runLanes, runPlans } from './run.ts';
import type { RunOptions } from './run.ts';
import { isSound, summarise } from './summary.ts';
import type { Summary } from './summary.ts';

// The only place of this package that reads the environment and the arguments of the process.
const EXIT_USAGE = 64;
/** What the processes under test may see. */
const passedOn = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'JAVA_HOME'];
const repository = fileURLToPath(new URL('../../', import.meta.url));

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const options = parseOptions(args, new Date().toISOString().slice(0, 10));
  if (options.mode === 'check') return check(options.file);
  const work = mkdtempSync(join(tmpdir(), 'showcause-chaos-'));
  const lines: Line[] = [runLine(options, args)];
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  say(`seed ${options.seed}, work ${work}`);
  const run: RunOptions = {
    seed: options.seed,
    work,
    env: Object.fromEntries(passedOn.map((name) => [name, process.env[name]])),
    until: Date.now() + options.minutes * 60_000,
    only: options.only,
    share: options.profile === 'ci' ? 1 / 5 : Infinity,
    atOnce: options.atOnce,
    onLine(line) {
      lines.push(line);
      appendFileSync(join(work, 'lines.ndjson'), `${JSON.stringify(line)}\n`);
      if (line.kind === 'batch')
        say(
          `batch ${line.batch} ${line.configuration}: ${line.receipts} receipts, ${line.lost} lost, ${line.duplicated} twice; ${line.violations.join('; ') || 'sound'}`,
        );
    },
    onTrial: (line) => say(describe(line)),
  };
  const outcome =
    options.mode === 'replay' ? await runPlans(run, drawn(options)) : await runLanes(run);
  lines.push({ kind: 'end', ended: new Date().toISOString(), ...outcome });
  const summary = summarise(lines);
  if (options.report !== null) say(`report: ${writeReport(options.report, lines)}`);
  process.stdout.write(
    options.json ? `${JSON.stringify(summary)}\n` : reportPage(summary, 'lines.ndjson'),
  );
  const sound = isSound(summary);
  if (sound) rmSync(work, { recursive: true, force: true });
  else say(`kept: ${work}`);
  return sound ? 0 : 1;
}

function describe(line: TrialLine): string {
  const { fault, configuration, outcome, checkpointMs, accepted, violations } = line;
  const back = checkpointMs === null ? '' : `, back after ${checkpointMs} ms`;
  const wrong = violations.length === 0 ? '' : ` VIOLATION: ${violations.join('; ')}`;
  return `${line.at.slice(11, 19)} ${configuration} ${fault}: ${outcome}; ${accepted} accepted${back}${wrong}`;
}

/** Trials of an earlier run, as the seed draws them. */
function drawn({ file, runs, seed }: Options): Plan[] {
  const seeds = readLines(file).flatMap((line) => (line.kind === 'trial' ? [line.seed] : []));
  const draw = new Draw(`replay/${seed}`);
  const chosen = Array.from({ length: runs }, () => draw.one(seeds));
  process.stderr.write(`replayed: ${chosen.join(', ')}\n`);
  return chosen.map(planOf);
}

function runLine(options: Options, args: readonly string[]): RunLine {
  return {
    kind: 'run',
    command: [
      'npm run chaos --',
      ...args,
      ...(args.includes('--seed') ? [] : ['--seed', options.seed]),
    ].join(' '),
    profile: options.profile,
    seed: options.seed,
    began: new Date().toISOString(),
    minutes: options.minutes,
    cores: availableParallelism(),
    versions: versions(),
  };
}

function versions(): Record<string, string> {
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    version: string;
  };
  return { showcause: `${version}${commit()}`, node: process.version, 'Apache Kafka': '4.1.2' };
}

function commit(): string {
  try {
    const args = ['-C', repository, 'rev-parse', '--short=12', 'HEAD'];
    return `+${execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()}`;
  } catch {
    return '';
  }
}

/** Whether a report's page is what its lines give. */
function check(file: string): number {
  const page = join(dirname(file), `${basename(file).slice(0, 10)}.md`);
  const summary: Summary = summarise(readLines(file));
  const same = readFileSync(page, 'utf8') === reportPage(summary, basename(file));
  process.stdout.write(
    `${basename(page)}: ${same ? 'follows from its lines' : 'DOES NOT follow from its lines'}\n`,
  );
  return same ? 0 : 1;
}

process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(error instanceof TypeError ? EXIT_USAGE : 1);
  },
);
