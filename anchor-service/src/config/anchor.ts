import * as v from 'valibot';
import { majority } from '../chain/endpoints.ts';
import { ServiceError } from '../errors.ts';
import { locateSigner, optionalSigner } from '../signers/config.ts';
import { countersignerAccessOf, countersignerAccessSchema } from './countersigner.ts';
import { milliseconds, url, whole } from './values.ts';

const MAX_ENDPOINTS = 16;
/** A reorganisation that is deeper than this ends no finality: it ends the chain. */
const MAX_CONFIRMATIONS = 100_000;
/** An aligned step leaves up to a quarter for the next; what still waits after so many intervals goes whole. */
const DEADLINE_INTERVALS = 3;
const MAX_MS = 86_400_000;

/** How a log gets onto its chain. */
export const anchorSchema = v.strictObject({
  /** one endpoint */
  rpcUrl: v.optional(url),
  /** or several of the same chain, of which `quorum` must agree */
  rpcUrls: v.optional(v.pipe(v.array(url), v.minLength(1), v.maxLength(MAX_ENDPOINTS))),
  quorum: v.optional(whole(1, MAX_ENDPOINTS)),
  finality: v.optional(
    v.union([
      v.picklist(['finalized', 'safe']),
      v.strictObject({ confirmations: whole(1, MAX_CONFIRMATIONS) }),
    ]),
    'finalized',
  ),
  /** who holds the operator's key */
  signer: optionalSigner,
  countersigner: countersignerAccessSchema,
  /** false: another process (`showcause anchor`) sends; this one watches, and keeps the evidence */
  sends: v.optional(v.boolean(), true),
  pollMs: v.optional(milliseconds(10), 1_000),
  /** least time between two transactions */
  minAdvanceIntervalMs: v.optional(milliseconds(0), 0),
  /** longest time that something signed waits for its transaction; 0: everything goes with the next one */
  deadlineMs: v.optional(milliseconds(0)),
  /** a transaction without effect for so long is sent again with higher fees */
  resendAfterMs: v.optional(milliseconds(1_000), 30_000),
  /** never offers more for a unit of gas, in thousand millions of the coin's smallest unit */
  maxFeeGwei: v.optional(v.pipe(v.number(), v.minValue(0.000_001), v.maxValue(1_000_000)), 200),
  /** gas that may be spent in any 24 hours; null: as much as it takes */
  gasPerDay: v.optional(v.nullable(whole(100_000, 1_000_000_000_000)), null),
});

type Given = v.InferOutput<typeof anchorSchema>;
/** The same with every default in its place. */
export type AnchorConfig = Omit<Given, 'rpcUrl' | 'rpcUrls' | 'quorum' | 'deadlineMs'> & {
  rpcUrls: string[];
  quorum: number;
  deadlineMs: number;
};

/** @throws {ServiceError} `CONFIG_MALFORMED` when endpoints and quorum do not fit */
export function anchorOf(
  { rpcUrl, rpcUrls, ...given }: Given,
  at: (relative: string) => string,
  where: string,
): AnchorConfig {
  if ((rpcUrl === undefined) === (rpcUrls === undefined))
    throw malformed(`anchor.rpcUrl and anchor.rpcUrls in ${where}`, 'one of both');
  const urls = rpcUrls ?? [rpcUrl!];
  if (new Set(urls).size !== urls.length)
    throw malformed(`one address twice in anchor.rpcUrls in ${where}`, 'different endpoints');
  const quorum = given.quorum ?? majority(urls.length);
  if (quorum > urls.length)
    throw malformed(`anchor.quorum ${quorum} of ${urls.length} in ${where}`, 'as many endpoints');
  const { countersigner, minAdvanceIntervalMs } = given;
  return {
    ...given,
    rpcUrls: urls,
    quorum,
    deadlineMs: given.deadlineMs ?? Math.min(DEADLINE_INTERVALS * minAdvanceIntervalMs, MAX_MS),
    signer: locateSigner(given.signer, at),
    countersigner: countersignerAccessOf(countersigner, at),
  };
}

function malformed(got: string, want: string): ServiceError {
  return new ServiceError('CONFIG_MALFORMED', { got, want });
}
