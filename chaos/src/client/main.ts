import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { ShowcauseError, merkleRoot, parsePolicy, toHex } from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import { isKept } from '../judge.ts';
import type { Verdict } from '../judge.ts';
import { Follower, readAgain } from './follower.ts';
import { Load } from './load.ts';
import type { Receipt } from './load.ts';
import type { Answers, ClientSetting, FinalVerdict, Request, Service } from './protocol.ts';
import { ReceiptFile } from './receipt-file.ts';

const LOOK_MS = 100;
const MOST_TOLD = 20;

/** The third process: asks, keeps receipts, reads the published log, and judges. It sees nothing else of the service. */
class Client {
  readonly #policy: TrustPolicy;
  readonly #file: ReceiptFile;
  readonly #load: Load;
  readonly #follower: Follower;
  /** receipts before this one are in the log */
  #included = 0;

  private constructor(setting: ClientSetting, file: ReceiptFile) {
    this.#policy = parsePolicy(readFileSync(setting.policy, 'utf8'));
    this.#file = file;
    this.#load = new Load(setting, this.#policy, file);
    this.#follower = new Follower(setting.log, this.#policy);
  }

  static async start(setting: ClientSetting): Promise<Client> {
    const client = new Client(setting, await ReceiptFile.open(setting.receipts));
    client.#load.start();
    void client.#follow();
    return client;
  }

  async answer(request: Request): Promise<Answers[keyof Answers]> {
    switch (request.op) {
      case 'trial':
        this.#load.trial(request.trial);
        return null;
      case 'counts':
        return this.#load.counts();
      case 'service':
        return this.#service(request.after, request.withinMs);
      case 'included':
        return { missing: await this.#missing(request.before, request.withinMs) };
      case 'quiet':
        await this.#load.stop();
        return { missing: await this.#missing(Infinity, request.withinMs) };
      case 'finish':
        return this.#finish();
      case 'judge-copy':
        return this.#judge(request.log, request.before);
    }
  }

  /** Asked and answered after the moment, and then found in the log. */
  async #service(after: number, withinMs: number): Promise<Service> {
    const since = (): number => Date.now() - after;
    let first: Receipt | undefined;
    while (first === undefined) {
      first = this.#load.receipts.findLast(({ asked }) => asked >= after);
      if (first !== undefined) first = this.#load.receipts.find(({ asked }) => asked >= after);
      else if (since() > withinMs) return { answerMs: null, checkpointMs: null };
      else await setTimeout(LOOK_MS / 2);
    }
    const answerMs = first.got - after;
    for (;;) {
      const covered = this.#follower.coveredAt(first.leaf);
      if (covered !== null) return { answerMs, checkpointMs: Math.max(answerMs, covered - after) };
      if (since() > withinMs) return { answerMs, checkpointMs: null };
      await setTimeout(LOOK_MS);
    }
  }

  async #missing(before: number, withinMs: number): Promise<number> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const { judge } = this.#follower;
      const { receipts } = this.#load;
      while (this.#included < receipts.length && judge.has(receipts[this.#included]!.leaf))
        this.#included++;
      const missing = receipts
        .slice(this.#included)
        .filter(({ got, leaf }) => got < before && !judge.has(leaf));
      if (missing.length === 0 || Date.now() > deadline) return missing.length;
      await setTimeout(LOOK_MS);
    }
  }

  /** For as long as this process lives. */
  async #follow(): Promise<never> {
    for (;;) {
      try {
        await this.#follower.look();
      } catch (error) {
        if (!(error instanceof ShowcauseError)) throw error;
        // Not there yet, or replaced meanwhile, is no fault; what is served and does not verify is.
        if (error.code !== 'LOG_FETCH')
          this.#follower.refute(`served: ${error.code}: ${error.got}`);
      }
      await setTimeout(LOOK_MS);
    }
  }

  async #finish(): Promise<FinalVerdict> {
    await this.#load.stop();
    await this.#file.close();
    const verdict = await this.#judge(this.#follower.dir, Infinity);
    const wrong = [...this.#follower.wrong, ...this.#load.everStrange];
    return { ...verdict, kept: verdict.kept && wrong.length === 0, wrong };
  }

  #wasLogged(leaf: string, before: number): boolean {
    const at = this.#follower.coveredAt(leaf);
    return at !== null && at < before;
  }

  /** Reads a whole log again, against what was known before a moment. */
  async #judge(dir: string, before: number): Promise<FinalVerdict> {
    const receipts = this.#load.receipts.filter(({ got }) => got < before);
    const judge = await readAgain(dir, this.#policy, this.#follower.headsBefore(before));
    const verdict = judge.verdict(receipts);
    return {
      ...shortened(verdict),
      kept: isKept(verdict),
      wrong: [],
      lostOfLog: verdict.lost.filter(({ leaf }) => this.#wasLogged(leaf, before)).length,
      root: toHex(merkleRoot(receipts.map(({ hash }) => hash))),
      trials: byTrial(receipts, verdict),
    };
  }
}

/** One bad copy may hold thousands of faults: the first are enough to find them. */
function shortened(verdict: Verdict): Verdict {
  return {
    ...verdict,
    duplicated: verdict.duplicated.slice(0, MOST_TOLD),
    holes: verdict.holes.slice(0, MOST_TOLD),
    forked: verdict.forked.slice(0, MOST_TOLD),
  };
}

function byTrial(receipts: readonly Receipt[], verdict: Verdict): FinalVerdict['trials'] {
  const trials: Record<string, { receipts: number; lost: number; unproven: number }> = {};
  const trialOf = new Map(receipts.map(({ leaf, trial }) => [leaf, trial]));
  for (const { trial } of receipts) {
    trials[trial] ??= { receipts: 0, lost: 0, unproven: 0 };
    trials[trial].receipts++;
  }
  for (const which of ['lost', 'unproven'] as const)
    for (const { leaf } of verdict[which]) trials[trialOf.get(leaf)!]![which]++;
  return trials;
}

const setting = JSON.parse(process.argv[2] ?? '{}') as ClientSetting;
const client = await Client.start(setting);
process.on('message', ({ id, request }: { id: number; request: Request }) => {
  client.answer(request).then(
    (answer) => process.send?.({ id, answer }),
    (error: unknown) =>
      process.send?.({ id, failed: error instanceof Error ? error.stack : 'unknown' }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
