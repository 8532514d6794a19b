import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519NoteSigner, formatReceipt, parseReceipt } from '@showcause/core';
import type { NoteSigner, Receipt } from '@showcause/core';
import { ed25519KeySigner, keyPath, passphraseOf, readKeyFile } from '@showcause/core/node';
import type { KeyPair, KeyRole } from '@showcause/core/node';
import { runVerify } from '../acts/verify.ts';
import type { Demo } from '../context.ts';
import { DemoError } from '../errors.ts';
import { copyLog } from '../published.ts';
import { readLog, writeLog } from './log-copy.ts';
import type { LogCopy } from './log-copy.ts';

/** What a cheat has in its hands: the honest log, receipts, and the operator's keys. */
export interface CheatScene {
  demo: Demo;
  honestDir: string;
  honest: LogCopy;
  logSigner: NoteSigner;
  receipts: readonly Receipt[];
  /** secret key of a party's folder */
  key(folder: string, role: KeyRole): KeyPair;
}

/** One attempt, and the honest twin beside it. */
export interface Outcome {
  title: string;
  refused: boolean;
  /** who refused it and why */
  reason: string;
  /** the same thing done honestly, which works; null where it is said once for several attempts */
  honest: string | null;
}

export function openScene(demo: Demo): CheatScene {
  const honestDir = join(demo.folder.cheats, 'honest');
  copyLog(demo.log.dir, honestDir);
  const key = (folder: string, role: KeyRole): KeyPair => {
    const dir = join(demo.folder.parties, folder);
    return readKeyFile(keyPath(dir, role), passphraseOf(dir));
  };
  const log = key('service/keys', 'log');
  return {
    demo,
    honestDir,
    honest: readLog(honestDir),
    logSigner: ed25519NoteSigner(demo.log.origin, log.publicKey, ed25519KeySigner(log)),
    receipts: demo.decided.map(({ decisionId }) =>
      parseReceipt(readFileSync(join(demo.folder.receipts, `${decisionId}.json`), 'utf8')),
    ),
    key,
  };
}

/** Publishes a made-up log below DIR/cheats, signed with the log key. */
export function publish(scene: CheatScene, name: string, entries: readonly Uint8Array[]): string {
  const dir = join(scene.demo.folder.cheats, name);
  writeLog(dir, { origin: scene.honest.origin, entries }, scene.logSigner);
  return dir;
}

/** Saves a made-up receipt below DIR/cheats. */
export function save(scene: CheatScene, name: string, receipt: Receipt): string {
  const path = join(scene.demo.folder.cheats, `${name}.json`);
  writeFileSync(path, formatReceipt(receipt));
  return path;
}

/** What `showcause verify` says of a log or a receipt. */
export interface Judged {
  exit: number;
  /** the refuted check, with its code */
  reason: string;
}

const judged = new WeakMap<CheatScene, Map<string, Promise<Judged>>>();

/** Runs the verifier; the honest twin of several cheats is the same run. */
export function judge(scene: CheatScene, kind: 'log' | 'receipt', path: string): Promise<Judged> {
  const known = judged.get(scene) ?? new Map<string, Promise<Judged>>();
  judged.set(scene, known);
  const found = known.get(path);
  if (found !== undefined) return found;
  const made = runJudge(scene, kind, path);
  known.set(path, made);
  return made;
}

async function runJudge(scene: CheatScene, kind: 'log' | 'receipt', path: string): Promise<Judged> {
  const subject = kind === 'log' ? ['--log', path] : [path];
  const { exit, out, err } = await runVerify(scene.demo, [
    kind,
    ...subject,
    '--policy',
    scene.demo.folder.policy,
    '--json',
  ]);
  return { exit, reason: refutedBy(kind, exit, out, err) };
}

interface JsonCheck {
  name: string;
  result: string;
  code?: string;
  detail?: string;
}

/** The first refuted check of the verifier's report. */
function refutedBy(kind: string, exit: number, out: string, err: string): string {
  const report = parsed(out);
  const check = report?.checks.find(({ result }) => result === 'refuted');
  if (check === undefined) return `verify ${kind}: exit ${exit} ${err.trim().slice(0, 200)}`.trim();
  const code = check.code === undefined ? '' : ` (${check.code})`;
  const detail = check.detail === undefined ? '' : `: ${shortened(check.detail)}`;
  return `verify ${kind}, exit ${exit}: “${check.name}” is refuted${code}${detail}`;
}

/** Hashes as a person can compare them. */
function shortened(detail: string): string {
  return detail.replace(/\b([0-9a-f]{12})[0-9a-f]{40,}\b/g, '$1…');
}

function parsed(out: string): { checks: readonly JsonCheck[] } | null {
  try {
    return JSON.parse(out) as { checks: readonly JsonCheck[] };
  } catch {
    return null;
  }
}

/** A log or receipt that must be refuted, beside one that must verify. */
export async function compare(
  scene: CheatScene,
  title: string,
  kind: 'log' | 'receipt',
  forged: string,
  honest: string,
): Promise<Outcome> {
  const [bad, good] = await Promise.all([judge(scene, kind, forged), judge(scene, kind, honest)]);
  if (good.exit !== 0)
    throw new DemoError('DEMO_ANSWER', {
      got: `the honest ${kind}: ${good.reason}`,
      want: 'exit 0',
    });
  return {
    title,
    refused: bad.exit === 1,
    reason: bad.reason,
    honest: `the genuine ${kind} beside it: verify ${kind}, exit 0`,
  };
}
