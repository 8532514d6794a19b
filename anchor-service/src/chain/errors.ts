import { CodedError } from '@showcause/core';
import type { ErrorFacts } from '@showcause/core';

/** What each code of the chain side means and what to do. `docs/errors.md` lists the same; a test compares the two. */
export const chainErrorCodes = {
  CHAIN_UNREACHABLE: {
    means: 'RPC endpoint does not answer',
    fix: 'Check the address and whether the node is up.',
  },
  CHAIN_TIMEOUT: {
    means: 'RPC endpoint took too long',
    fix: 'Use another endpoint; nothing is lost by anchoring later.',
  },
  CHAIN_ANSWER: { means: 'RPC endpoint answered nonsense', fix: 'Use another endpoint.' },
  CHAIN_PROOF: {
    means: "RPC endpoint gave no proof of the contract's state that holds",
    fix: 'Use an endpoint that serves eth_getProof; the anchor counts, but checking it takes a node.',
  },
  CHAIN_ID: {
    means: 'RPC endpoint is of another chain',
    fix: 'Give an endpoint of the chain that genesis names.',
  },
  CHAIN_RATE_LIMITED: {
    means: 'RPC endpoint wants to be asked less often',
    fix: 'Wait, raise pollMs, or give more endpoints; it is left alone for as long as it said.',
  },
  CHAIN_QUORUM: {
    means: 'not enough RPC endpoints say the same',
    fix: 'Look which of anchor.rpcUrls lags, fails or lies; nothing counts as final meanwhile.',
  },
  CHAIN_STALE: {
    means: 'node is behind what was seen on the chain before',
    fix: 'Wait until it has caught up, or use another endpoint.',
  },
  CHAIN_DISAGREES: {
    means: 'RPC endpoint says something else than a quorum of the others',
    fix: 'Look whether it lags or lies, and replace it; the others go on.',
  },
  CHAIN_NONCE: {
    means: "account's number of transactions changed meanwhile, or a node counts another",
    fix: 'Nothing: the next look counts again. If it stays, look who else uses the key.',
  },
  CHAIN_FEE_CAP: {
    means: 'gas costs more than may be paid',
    fix: 'Wait for cheaper blocks, or raise anchor.maxFeeGwei; anchoring later loses nothing.',
  },
  CHAIN_RECEIPT: {
    means: "node's receipts, logs and blocks contradict one another",
    fix: 'Use another endpoint; what is final is read from the state and not from these.',
  },
  CHAIN_REVERTED: {
    means: 'contract refused the call',
    fix: 'Compare the head on the chain with the log.',
  },
  CHAIN_FUNDS: {
    means: 'account cannot pay for the transaction',
    fix: 'Fund the address that sends it.',
  },
  CHAIN_PENDING: {
    means: 'earlier transaction of the account still waits',
    fix: 'Wait until it is mined or dropped.',
  },
  CHAIN_ACCOUNT: {
    means: 'no usable account for a transaction',
    fix: 'Give the key of the role that genesis names.',
  },
  CHAIN_FACTORY: {
    means: 'deterministic deployment proxy is not on this chain',
    fix: 'Deploy the proxy first or name another factory in genesis.',
  },
  CHAIN_CREATION_CODE: {
    means: 'genesis names another creation code than this build makes',
    fix: 'Use the release whose contract the log was made with.',
  },
  CHAIN_DEPLOYMENT: {
    means: 'contract of this log could not be put on the chain',
    fix: 'Check the account, its funds and the chain.',
  },
  CHAIN_NO_CONTRACT: {
    means: 'log has no contract on this chain yet',
    fix: 'Put it there with showcause chain deploy.',
  },
  TIMELOCK_PLAN: {
    means: 'not the plan of the timelock that genesis names',
    fix: 'Give timelock.json as showcause init wrote it beside the genesis entry.',
  },
  TIMELOCK_MISSING: {
    means: 'nobody can do this: genesis names no timelock, or none is there',
    fix: 'Put it there with showcause chain deploy; a log founded without one cannot have it.',
  },
  TIMELOCK_NOT_READY: {
    means: 'timelock still holds the operation back',
    fix: 'Run the same command again when its delay is over.',
  },
  ROLE_NOT_HELD: {
    means: 'account does not hold the role that this act needs',
    fix: 'Use an account that holds it; showcause chain status prints who does.',
  },
  ROLE_NO_KEY: {
    means: 'no key to send this with',
    fix: 'Give the folder of the key with --keys, or --from for an account that sends it itself.',
  },
  ANCHOR_FOREIGN_HEAD: {
    means: 'contract holds a head that this log never made',
    fix: 'Stop, freeze the contract and find out who used the operator key.',
  },
  ANCHOR_UNCONFIRMED_HEAD: {
    means: 'node shows a head that this log never made, and did not yet confirm it',
    fix: 'Ask another node at once; signing goes on until a final block shows it twice.',
  },
  ANCHOR_WENT_BACK: {
    means: 'head that was final is no longer on the chain',
    fix: 'Ask other nodes: one lies, or the chain took back final blocks. It is anchored again.',
  },
  ANCHOR_FROZEN: {
    means: "log's guardian has frozen the contract",
    fix: 'Wait until the freeze ends; nothing is lost by anchoring later.',
  },
  ANCHOR_BUDGET: {
    means: "day's gas for anchors is used up",
    fix: 'Wait, or raise anchor.gasPerDay; anchoring later loses nothing.',
  },
  ANCHOR_CHECKPOINT: {
    means: 'signed checkpoint contradicts the stored tree',
    fix: 'Stop and run verify log over the store.',
  },
  COUNTERSIGN_REQUEST: {
    means: 'not a request for a countersignature',
    fix: 'Send oldSize, size and root as documented.',
  },
  COUNTERSIGN_TOKEN: {
    means: 'bearer token is missing or wrong',
    fix: 'Give the token that the countersigner was started with.',
  },
  COUNTERSIGN_RANGE: {
    means: 'sizes are outside what the contract can hold',
    fix: 'Ask for 1 <= oldSize < size < 2^48.',
  },
  COUNTERSIGN_SHRINK: {
    means: 'log or request is smaller than what was countersigned before',
    fix: 'Treat the log as rolled back until its operator explains it.',
  },
  COUNTERSIGN_FORK: {
    means: 'log signed a head that contradicts its own entries or an earlier head',
    fix: 'Treat the log as forked and keep both heads as evidence.',
  },
  COUNTERSIGN_ROOT: {
    means: 'root is not the one that the entries give',
    fix: 'Do not anchor it; compare the store with its tiles.',
  },
  COUNTERSIGN_UNPUBLISHED: {
    means: 'log has not published this size yet',
    fix: 'Ask again after the checkpoint is served.',
  },
  COUNTERSIGN_LOG: {
    means: 'log could not be read or is of somebody else',
    fix: 'Check address, reader token and policy.',
  },
  COUNTERSIGN_ENTRY: {
    means: 'log holds an entry that nobody may write',
    fix: 'Find out who appended it before anchoring.',
  },
  COUNTERSIGN_STATE: {
    means: 'state of the countersigner is damaged, in use or of another log',
    fix: 'Restore it; never start again from an empty state.',
  },
  COUNTERSIGN_SIGNATURE: {
    means: 'countersignature has no form that the contract takes',
    fix: 'Sign with secp256k1, low s, v 27 or 28.',
  },
  COUNTERSIGN_FORGOTTEN: {
    means: 'state is older than what its key has signed',
    fix: 'Bring back the newest state; a key that takes over from another names the size in takesOverAt.',
  },
  COUNTERSIGN_BEHIND: {
    means: 'countersigner is not through with the entries yet',
    fix: 'Ask again: it goes on from where it was.',
  },
  COUNTERSIGN_BUSY: {
    means: 'too many requests wait, or the countersigner is ending',
    fix: 'Ask again later, one request at a time.',
  },
  COUNTERSIGN_RATE: {
    means: 'more requests or new heads than the countersigner allows',
    fix: 'Ask less often, or agree on other limits with who runs it.',
  },
  COUNTERSIGN_CLIENT_MISSING: {
    means: 'client showed no certificate',
    fix: 'Give certFile and keyFile in anchor.countersigner.tls.',
  },
  COUNTERSIGN_CLIENT_EXPIRED: {
    means: "client's certificate is expired or not valid yet",
    fix: 'Renew it, or set the clock.',
  },
  COUNTERSIGN_CLIENT_CA: {
    means: "client's certificate comes from another authority",
    fix: "Use one from the authority in the countersigner's tls.caFile.",
  },
  COUNTERSIGN_CLIENT_UNKNOWN: {
    means: 'client is not one that may ask',
    fix: "Name it in the countersigner's tls.clients, if it should.",
  },
  COUNTERSIGN_SERVER_CERTIFICATE: {
    means: "countersigner's certificate is expired, of another name or of another authority",
    fix: 'Compare it with anchor.countersigner: url and tls.caFile.',
  },
  COUNTERSIGN_TLS: {
    means: 'no TLS connection with the countersigner came about',
    fix: 'Check that it speaks TLS 1.2 or later at this address.',
  },
  COUNTERSIGN_TLS_FILE: {
    means: 'own certificate, key or authority cannot be used',
    fix: 'Give PEM files that are a pair, in date, the key with mode 0600.',
  },
  COUNTERSIGN_REFUSED: { means: 'countersigner refused', fix: 'Read the code it gave.' },
  COUNTERSIGN_UNREACHABLE: {
    means: 'countersigner does not answer',
    fix: 'Check that it runs and can be reached.',
  },
} as const;

export type ChainErrorCode = keyof typeof chainErrorCodes;

/** The chain, a node in front of it, or the countersigner refused or failed. */
export class ChainError extends CodedError {
  override readonly name: string = 'ChainError';
  declare readonly code: ChainErrorCode;

  constructor(code: ChainErrorCode, facts: ErrorFacts) {
    super(code, chainErrorCodes[code], facts);
  }
}
