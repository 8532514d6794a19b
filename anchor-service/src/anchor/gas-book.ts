import { readFileSync } from 'node:fs';
import { isJsonObject, parseJson } from '@showcause/core';
import { isMissing, writeFileDurably } from '@showcause/core/node';
import { ChainError } from '../chain/errors.ts';

const DAY_MS = 86_400_000;
/** Of one day; more than any budget pays for. */
const MAX_ROWS = 100_000;

interface Row {
  nonce: number;
  /** Unix milliseconds */
  at: number;
  gas: number;
}

/** What was spent in the last 24 hours. */
export interface GasBook {
  /** @throws {ChainError} `ANCHOR_BUDGET` when nothing is left */
  requireRoom(): void;
  /**
   * Counts a transaction as if it took all its gas, before it is sent; one that takes another's nonce takes its place.
   * @throws {ChainError} `ANCHOR_BUDGET`
   */
  reserve(nonce: number, gas: number): void;
  /** What it took in the end: never more than was reserved, which was its limit. */
  settle(nonce: number, gas: number): void;
}

/**
 * A book in a file, written before anything is sent, so that neither a crash nor a restart spends twice. It counts what this
 * machine sends; a book that cannot be read counts as spent, because nobody knows.
 */
export function openGasBook(file: string, limit: number, clock: () => number): GasBook {
  let rows = read(file, clock);
  const current = (): Row[] => rows.filter(({ at }) => clock() - at < DAY_MS);
  const spent = (without?: number): number =>
    current().reduce((sum, { nonce, gas }) => (nonce === without ? sum : sum + gas), 0);
  const write = (next: Row[]): void => {
    rows = next;
    writeFileDurably(file, `${JSON.stringify({ v: 1, rows }, null, 1)}\n`, 0o600);
  };
  const refuse = (used: number): never => {
    throw new ChainError('ANCHOR_BUDGET', {
      got: `${used} gas in 24 hours`,
      want: `at most ${limit}`,
    });
  };
  return {
    requireRoom() {
      if (spent() >= limit) refuse(spent());
    },
    reserve(nonce, gas) {
      const used = spent(nonce) + gas;
      if (used > limit) refuse(used);
      write([...current().filter((row) => row.nonce !== nonce), { nonce, at: clock(), gas }]);
    },
    settle(nonce, gas) {
      const row = rows.find((one) => one.nonce === nonce);
      const took = Math.min(gas, row?.gas ?? 0);
      if (row !== undefined)
        write(current().map((one) => (one === row ? { ...row, gas: took } : one)));
    },
  };
}

function read(file: string, clock: () => number): Row[] {
  try {
    const value = parseJson(readFileSync(file, 'utf8'));
    const rows = isJsonObject(value) && value['v'] === 1 ? value['rows'] : undefined;
    if (Array.isArray(rows) && rows.length <= MAX_ROWS && rows.every(isRow)) return rows as Row[];
  } catch (error) {
    if (isMissing(error)) return [];
  }
  return [{ nonce: -1, at: clock(), gas: Number.MAX_SAFE_INTEGER }];
}

function isRow(value: unknown): boolean {
  const { nonce, at, gas } = (value ?? {}) as Record<string, unknown>;
  return [nonce, at, gas].every((member) => Number.isSafeInteger(member));
}
