export * from './acts.ts';
export * from './govern.ts';
export { readContractState, isFrozen } from './contract-state.ts';
export type { ContractState } from './contract-state.ts';
export * from './timelock-state.ts';
