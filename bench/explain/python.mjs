// Peers from PyPI in private environments under .cache, made when they are asked for first; what cannot be had is said and left out.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../lib/scratch.mjs';

const here = new URL('.', import.meta.url).pathname;

/**
 * A process that answers questions about one release of Python's peers.
 *
 * @param {string} version  of Python, as `3.12`
 * @param {string} script  beside this one
 * @returns {null | { versions: Record<string, string>, ask(question: object): Promise<any>, end(): Promise<void> }} null where it cannot be had
 */
export function startPython(version, script = 'peers.py') {
  const python = environmentOf(version);
  if (python === null) return null;
  const child = spawn(python, [join(here, script)], { stdio: ['pipe', 'pipe', 'ignore'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    versions: versionsIn(version),
    async ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const { value } = await lines.next();
      if (value === undefined) throw new Error(`Python ${version} ended`);
      return JSON.parse(value);
    },
    async end() {
      child.stdin.end();
      await exited;
    },
  };
}

function requirementsOf(version) {
  return readFileSync(join(here, `requirements-${version}.txt`), 'utf8');
}

function versionsIn(version) {
  const pairs = requirementsOf(version).trim().split('\n');
  return Object.fromEntries(pairs.map((pair) => pair.split('==')));
}

/** The interpreter of the environment, with exactly what the requirements name. */
function environmentOf(version) {
  const dir = join(root, '.cache', `peers-${version}`);
  const python = join(dir, 'bin/python');
  const stamp = join(dir, 'requirements.txt');
  const wanted = requirementsOf(version);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  const base = interpreter(version);
  if (base === null) return without(version, 'that Python is not here');
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(join(root, '.cache'), { recursive: true });
  console.error(`installing the peers of Python ${version} …`);
  const made = run(base, ['-m', 'venv', dir]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r'];
  if (!made || !run(python, [...pip, join(here, `requirements-${version}.txt`)]))
    return without(version, 'its packages do not install');
  writeFileSync(stamp, wanted);
  return python;
}

function without(version, why) {
  const names = Object.keys(versionsIn(version)).join(', ');
  console.error(`left out: ${names} (Python ${version}): ${why}`);
  return null;
}

function run(command, args) {
  return spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}

/** From the path, or of pyenv. */
function interpreter(version) {
  const kept = join(process.env.PYENV_ROOT ?? join(process.env.HOME ?? '/', '.pyenv'), 'versions');
  const inPyenv = existsSync(kept)
    ? readdirSync(kept)
        .filter((name) => name.startsWith(`${version}.`))
        .map((name) => join(kept, name, 'bin/python'))
    : [];
  const found = [`python${version}`, ...inPyenv].find(
    (command) => spawnSync(command, ['-c', 'import venv'], { stdio: 'ignore' }).status === 0,
  );
  return found ?? null;
}
