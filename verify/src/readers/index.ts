/** What touches a disk or a network, for the library that does not. */
export { readBytes, readText } from './files.ts';
export { searchKey } from './key-search.ts';
export {
  anchoragesOf,
  auditLog,
  consistencyProof,
  findKeyEntry,
  findLeaf,
  genesisOf,
  genesisPath,
  inclusionProof,
  isAddress,
  latestAnchor,
  logEntries,
  openLog,
} from './log.ts';
export { observeGovernance } from './governance.ts';
export { RPC_TIMEOUT_MS, observeChain } from './rpc.ts';
export type { ObserveOptions } from './rpc.ts';
