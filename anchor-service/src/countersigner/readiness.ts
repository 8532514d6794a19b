import { statfs } from 'node:fs/promises';
import { CodedError } from '@showcause/core';
import type { Countersigner } from './countersigner.ts';

export interface Problem {
  code: string;
  detail: string;
}

/** What a countersigner could do if it were asked now. */
export interface Readiness {
  ready: boolean;
  problems: readonly Problem[];
  /** leaves under the log's checkpoint; null when it cannot be read */
  published: number | null;
}

export interface ReadinessParts {
  countersigner: Pick<Countersigner, 'look' | 'state'>;
  /** end of the server's certificate; null without TLS */
  expires: () => Date | null;
  /** why new certificates or a new token are not in use; null when they are */
  renewalProblem: () => string | null;
  stateDir: string;
  isEnding: () => boolean;
}

const LOOK_EVERY_MS = 10_000;
const LOOK_WITHIN_MS = 5_000;
const LEAST_FREE_BYTES = 64 * 1024 * 1024;

/** A reader of readiness that looks at log, disk and certificates at most every ten seconds, however many ask. */
export function createReadiness(parts: ReadinessParts): () => Promise<Readiness> {
  let looked: { at: number; found: Promise<Looked> } | null = null;
  return async () => {
    const now = performance.now();
    if (looked === null || now - looked.at > LOOK_EVERY_MS)
      looked = { at: now, found: look(parts) };
    const { problems, published } = await looked.found;
    const all = [...problems, ...presentProblems(parts)];
    return { ready: all.length === 0, problems: all, published };
  };
}

interface Looked {
  problems: readonly Problem[];
  published: number | null;
}

async function look({ countersigner, stateDir }: ReadinessParts): Promise<Looked> {
  const problems: Problem[] = [];
  let published: number | null = null;
  try {
    published = (await countersigner.look(LOOK_WITHIN_MS)).checkpoint.size;
  } catch (error) {
    problems.push(problemOf(error));
  }
  if ((await freeBytes(stateDir)) < LEAST_FREE_BYTES)
    problems.push({ code: 'COUNTERSIGN_STATE', detail: `less than 64 MiB free in ${stateDir}` });
  return { problems, published };
}

/** What needs no looking. That the log could not be read is looked at anew; anything else stays until it has gone well. */
function presentProblems(parts: ReadinessParts): Problem[] {
  const problems: Problem[] = [];
  const tell = (code: string, detail: string): unknown => problems.push({ code, detail });
  const { failing } = parts.countersigner.state();
  if (failing !== null && failing !== 'COUNTERSIGN_LOG')
    tell(failing, 'the last request failed here; see the log');
  const unusable = parts.renewalProblem();
  if (unusable !== null) tell('COUNTERSIGN_TLS_FILE', unusable);
  if ((parts.expires()?.getTime() ?? Infinity) <= Date.now())
    tell('COUNTERSIGN_TLS_FILE', 'own certificate has expired');
  if (parts.isEnding()) tell('COUNTERSIGN_BUSY', 'told to end');
  return problems;
}

function problemOf(error: unknown): Problem {
  if (error instanceof CodedError) return { code: error.code, detail: error.message };
  return { code: 'COUNTERSIGN_LOG', detail: 'an unexpected failure' };
}

async function freeBytes(dir: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(dir);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
