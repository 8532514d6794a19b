import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { decodeReceiptHeader, leafHash, parseEntry, toHex, utf8 } from '@showcause/core';
import type { Hash, TrustPolicy } from '@showcause/core';
import { verifyReceiptHeader } from '@showcause/verify';
import type { Held } from '../judge.ts';
import type { ClientSetting, Counts } from './protocol.ts';
import type { ReceiptFile } from './receipt-file.ts';

/** A receipt in the client's hands. */
export interface Receipt extends Held {
  trial: string;
  /** Unix ms: the request began, the receipt was durable */
  asked: number;
  got: number;
  /** leaf hash of the header's text, for the root over all receipts */
  hash: Hash;
}

const ANSWER_WITHIN_MS = 8_000;
const AFTER_FAILURE_MS = 50;
const MOST_STRANGE = 20;

/** Clients that keep asking and keep what they are promised. */
export class Load {
  readonly receipts: Receipt[] = [];
  readonly #setting: ClientSetting;
  readonly #policy: TrustPolicy;
  readonly #key: Uint8Array;
  readonly #file: ReceiptFile;
  readonly #applications: readonly string[];
  #counts = { accepted: 0, refused: 0, failed: 0 };
  #strange: string[] = [];
  /** of all trials */
  readonly everStrange: string[] = [];
  #trial = '';
  #next = 0;
  #stopped = false;
  #workers: Promise<void>[] = [];

  constructor(setting: ClientSetting, policy: TrustPolicy, file: ReceiptFile) {
    this.#setting = setting;
    this.#policy = policy;
    this.#file = file;
    this.#key = readFileSync(setting.key);
    this.#applications = readFileSync(setting.applications, 'utf8').trim().split('\n');
  }

  start(): void {
    this.#workers = Array.from({ length: this.#setting.workers }, () => this.#work());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
  }

  /** Begins to count anew; receipts from here on are this trial's. */
  trial(name: string): void {
    this.#trial = name;
    this.#counts = { accepted: 0, refused: 0, failed: 0 };
    this.#strange = [];
  }

  counts(): Counts {
    return { ...this.#counts, strange: this.#strange };
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      const turn = this.#next++;
      const app = this.#setting.apps[turn % this.#setting.apps.length]!;
      const body = this.#applications[turn % this.#applications.length]!;
      const answered = await this.#turn(`${app}/v1/applications`, body);
      if (!answered) this.#counts.failed++;
      await setTimeout(answered ? this.#setting.pauseMs : AFTER_FAILURE_MS);
    }
  }

  /** @returns false without a whole answer: no fault of the system's. What it did answer is judged, and never passed over. */
  async #turn(url: string, body: string): Promise<boolean> {
    const asked = Date.now();
    const answer = await this.#ask(url, body).catch(() => null);
    if (answer === null) return false;
    const { status, header, text } = answer;
    try {
      if (status === 200 && header !== null) await this.#keep(header, text, asked);
      else if (status >= 500) this.#counts.refused++;
      else this.#say(`status ${status} without a receipt`);
    } catch (error) {
      this.#say(
        `a receipt that nobody can read: ${error instanceof Error ? error.message : 'unknown'}`,
      );
    }
    return true;
  }

  async #ask(
    url: string,
    body: string,
  ): Promise<{ status: number; header: string | null; text: string }> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const header = response.headers.get('decision-receipt');
    return { status: response.status, header, text: await response.text() };
  }

  async #keep(text: string, response: string, asked: number): Promise<void> {
    const header = decodeReceiptHeader(text);
    const { grades } = verifyReceiptHeader({
      header,
      policy: this.#policy,
      key: this.#key,
      response: utf8(response),
    });
    if (!grades.includes('accepted')) this.#say('a receipt that does not verify');
    const parsed = parseEntry(header.entry);
    if (parsed.kind !== 'known' || parsed.entry.type !== 'decision')
      return this.#say('a receipt of no decision');
    const { producer, epoch, seq } = parsed.entry;
    const trial = this.#trial;
    await this.#file.add(`${trial}\t${asked}\t${text}`);
    this.receipts.push({
      leaf: toHex(leafHash(header.entry)),
      producer,
      epoch,
      seq,
      trial,
      asked,
      got: Date.now(),
      hash: leafHash(utf8(text)),
    });
    this.#counts.accepted++;
  }

  #say(what: string): void {
    if (this.#strange.length < MOST_STRANGE) this.#strange.push(what);
    if (this.everStrange.length < MOST_STRANGE) this.everStrange.push(what);
  }
}
