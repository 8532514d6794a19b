export { provenAccount, provenContractState, provenSlot } from './contract-state.ts';
export type { ProvenAccount, ProvenState, StateProof } from './contract-state.ts';
export { MAX_HEADER_BYTES, decodeBlockHeader } from './header.ts';
export type { BlockHeader } from './header.ts';
export { decodeRlp, decodeRlpStrings, encodeRlp, isRlpList } from './rlp.ts';
export type { RlpInput, RlpItem, RlpList } from './rlp.ts';
export { MAX_TRIE_NODES, MAX_TRIE_NODE_BYTES, emptyTrieRoot, readTrie } from './trie.ts';
