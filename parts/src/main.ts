import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CodedError } from '@showcause/core';
import { cacheFolder } from './find.ts';
import { chosenParts } from './set/names.ts';
import { startSet } from './set/set.ts';
import type { StartedPart } from './set/set.ts';
import { prepareFolder, stopFromOutside, writeState } from './set/state.ts';

// The only place of this package that reads the environment and the arguments of the process.
const usage = `usage: npm run parts -- up [--only NAME,NAME] [--dir DIR] [--json]
       npm run parts -- down [--dir DIR]

Starts what docker-compose.yml names, from package registries alone: kafka, postgres, s3, evm, countersigner, service,
loan-api. Prints a line for each part that answers. Ctrl-C, or down from elsewhere, ends all of it.`;
const EXIT_USAGE = 64;
/** What our own processes may see: no option for Node, no secret of the person at the terminal. */
const passedOn = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'JAVA_HOME'];
const NAME_WIDTH = 14;

interface Flags {
  only: string | undefined;
  dir: string;
  json: boolean;
}

async function main(): Promise<number> {
  const given = process.env;
  let command: string | undefined;
  let flags: Flags;
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        only: { type: 'string' },
        dir: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    // npm starts scripts in the package's folder; paths are those of whoever typed the command.
    const base = given['npm_lifecycle_event'] === 'parts' ? (given['INIT_CWD'] ?? '.') : '.';
    const dir = values.dir === undefined ? join(cacheFolder, 'parts') : resolve(base, values.dir);
    flags = { only: values.only, dir, json: values.json };
    command = positionals.length === 1 ? positionals[0] : undefined;
  } catch (error) {
    return wrongUsage(error instanceof Error ? error.message : '');
  }
  if (command === 'down') return down(flags);
  return command === 'up' ? up(flags, given) : wrongUsage('');
}

function wrongUsage(why: string): number {
  process.stderr.write(`${why === '' ? '' : `${why}\n`}${usage}\n`);
  return EXIT_USAGE;
}

async function up({ only, dir, json }: Flags, given: NodeJS.ProcessEnv): Promise<number> {
  const chosen = chosenParts(only);
  prepareFolder(dir);
  writeState(dir, { pid: process.pid, parts: [] });
  const ended = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done());
  });
  const starting = startSet({
    dir,
    only: chosen,
    env: Object.fromEntries(passedOn.map((name) => [name, given[name]])),
    onPart: (part) => json || process.stdout.write(`${lineOf(part)}\n`),
  });
  starting.catch(() => undefined);
  const set = await Promise.race([starting, ended]);
  if (set === undefined) {
    await starting.then(
      (late) => late.stop(),
      () => undefined,
    );
    return 0;
  }
  writeState(dir, { pid: process.pid, parts: set.parts });
  process.stdout.write(
    json
      ? `${JSON.stringify({ dir, parties: set.parties, parts: set.parts })}\n`
      : `all ${set.parts.length} answer; keys, configurations and logs in ${dir}; Ctrl-C ends them\n`,
  );
  try {
    await Promise.race([ended, set.failure]);
  } finally {
    await set.stop();
  }
  return 0;
}

async function down({ dir }: Flags): Promise<number> {
  const ended = await stopFromOutside(dir);
  process.stdout.write(ended ? 'all parts ended\n' : `nothing runs in ${dir}\n`);
  return 0;
}

function lineOf({ name, address, health, startedInMs }: StartedPart): string {
  return `${name.padEnd(NAME_WIDTH)} ${address}  ${health} after ${(startedInMs / 1000).toFixed(1)} s`;
}

process.exit(
  await main().catch((error: unknown) => {
    const isOurs = error instanceof CodedError;
    process.stderr.write(isOurs ? `${error.code}: ${error.message}\n` : `${String(error)}\n`);
    return isOurs && error.code === 'PARTS_UNKNOWN' ? EXIT_USAGE : 1;
  }),
);
