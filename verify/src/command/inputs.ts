import {
  CodedError,
  decodeReceiptHeader,
  parseJson,
  parsePolicy,
  isJsonObject,
} from '@showcause/core';
import type { AnchorEvidence, Json, ReceiptHeader, TrustPolicy } from '@showcause/core';
import type { LogReader } from '@showcause/core/node';
import { latestAnchor, observeChain, openLog, readBytes, readText } from '../readers/index.ts';
import { catalogue } from '../catalogue.ts';
import type { CheckId } from '../catalogue.ts';
import type { ChainObservation } from '../anchor.ts';
import { pinnedObservation } from '../anchor-proof.ts';
import type { ShownDecision } from '../claims.ts';
import { CouldNotCheck } from '../errors.ts';
import { chainIdOf } from '../readers/rpc.ts';
import type { Grade, Report } from '../report.ts';
import { grades, told } from '../report.ts';
import type { SecondOpinion } from '../opinion.ts';

/** Options that every verifying command has. */
export interface CommonOptions {
  policy: string;
  fingerprint?: string;
  rpc?: string;
  log?: string;
  tokenFile?: string;
  json?: boolean;
  secondOpinion?: boolean;
  require?: readonly Grade[];
}

/** Input that keeps every check from starting: told as the one check it concerns. */
export class InputFailure extends Error {
  readonly check: CheckId;
  constructor(check: CheckId, cause: unknown) {
    super(check, { cause });
    this.check = check;
  }
}

/** Runs what reads and parses, so that a failure names the check it stands for. */
export async function reading<T>(check: CheckId, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CodedError || error instanceof CouldNotCheck)
      throw new InputFailure(check, error);
    throw error;
  }
}

export function loadPolicy(path: string): Promise<TrustPolicy> {
  return reading('policy', async () => {
    const text = await readText(path);
    try {
      return parsePolicy(text);
    } catch (error) {
      // Without a policy there is nobody to trust, so nothing is refuted either.
      if (error instanceof CodedError)
        throw new CouldNotCheck(
          'POLICY_MALFORMED',
          error.code === 'POLICY_MALFORMED' ? told(error) : `${error.code}: ${told(error)}`,
        );
      throw error;
    }
  });
}

/** The report of a verification that never began. */
export function failureReport(
  kind: Report['kind'],
  failure: InputFailure,
  fingerprint: string,
): Report {
  const { check: id, cause } = failure;
  const refuted = cause instanceof CodedError && cause.code !== 'LOG_FETCH';
  const detail =
    cause instanceof CouldNotCheck ? cause.detail : cause instanceof CodedError ? cause.got : '';
  const code =
    cause instanceof CouldNotCheck || cause instanceof CodedError ? cause.code : 'VERIFY_INTERNAL';
  const verdict = refuted ? 'refuted' : 'could-not-check';
  return {
    kind,
    checks: [{ id, ...catalogue[id], result: verdict, asked: true, code, detail }],
    grades: [],
    notes: [],
    verdict,
    policyFingerprint: fingerprint,
  };
}

export async function openGivenLog(options: CommonOptions, where: string): Promise<LogReader> {
  const token =
    options.tokenFile === undefined ? undefined : (await readText(options.tokenFile)).trim();
  return openLog(where, token);
}

/**
 * Asks the node that was given about the policy's contract on its chain.
 * @returns why it could not, instead of throwing: the check then says so
 */
export async function askChain(
  options: CommonOptions,
  policy: TrustPolicy,
  anchor?: Pick<AnchorEvidence, 'chainId' | 'contract' | 'size' | 'blockNumber'>,
): Promise<ChainObservation | CouldNotCheck | null> {
  const { rpc } = options;
  if (rpc === undefined) return null;
  try {
    const chainId = await chainIdOf(rpc);
    const chain = policy.chains.find((known) => known.chainId === chainId);
    if (chain === undefined)
      return new CouldNotCheck('VERIFY_RPC_CHAIN', `chain ${chainId} is not in the policy`);
    return await observeChain(rpc, {
      // The log may have moved to a successor: whether it did is judged later.
      contract: anchor?.chainId === chainId ? anchor.contract : chain.contract,
      ...(anchor === undefined ? {} : { anchor }),
    });
  } catch (error) {
    if (error instanceof CouldNotCheck) return error;
    throw error;
  }
}

/** What the log's newest anchor proves by a block that the policy names; evidence that cannot be read is `verify anchor`'s. */
export async function pinnedOf(
  log: LogReader,
  policy: TrustPolicy,
): Promise<ChainObservation | null> {
  if (policy.chains.every(({ blocks }) => blocks === undefined)) return null;
  try {
    return pinnedObservation(policy, await latestAnchor(log));
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
}

/** A header by itself, or the file it was saved in. */
export async function loadHeader(textOrFile: string): Promise<ReceiptHeader> {
  const value = (text: string): string => text.trim().replace(/^decision-receipt:\s*/i, '');
  const isHeader = /^[A-Za-z0-9_-]{400,}$/.test(value(textOrFile));
  return decodeReceiptHeader(value(isHeader ? textOrFile : await readText(textOrFile)));
}

/**
 * `{ outcome, reasons }`, alone or as the member `decision`; other members are not compared. The file is the verifier's
 * own: one that cannot be used refutes nothing.
 */
export async function loadShown(path: string): Promise<ShownDecision> {
  const text = await readText(path);
  let value: Json;
  try {
    value = parseJson(text);
  } catch (error) {
    if (error instanceof CodedError)
      throw new CouldNotCheck('VERIFY_READ', `${path}: ${error.code}: ${told(error)}`);
    throw error;
  }
  const shown =
    isJsonObject(value) && value['outcome'] === undefined ? (value['decision'] ?? null) : value;
  if (!isJsonObject(shown) || shown['outcome'] === undefined)
    throw new CouldNotCheck('VERIFY_READ', `${path} has no outcome`);
  const reasons: Json | undefined = shown['reasons'];
  return { outcome: shown['outcome'], ...(reasons === undefined ? {} : { reasons }) };
}

/** Loaded only when it is wanted: everything else works without it. */
export async function loadSecondOpinion(
  options: CommonOptions,
): Promise<{ secondOpinion?: SecondOpinion }> {
  if (options.secondOpinion !== true) return {};
  const { merkletreejsOpinion } = await import('../second-opinion.ts');
  return { secondOpinion: merkletreejsOpinion };
}

/** `accepted,logged`. @returns null when a name is no grade */
export function parseGrades(text: string): Grade[] | null {
  const names = text.split(',').map((name) => name.trim());
  return names.every((name): name is Grade => (grades as readonly string[]).includes(name))
    ? names
    : null;
}

export { readBytes };
