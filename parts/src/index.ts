/** Real parts for the demo, tests, benches and chaos: brokers, databases, chains, processes of their own, ports. */
export * from './anvil.ts';
export * from './errors.ts';
export * from './fault-proxy.ts';
export * from './kafka/index.ts';
export * from './ports.ts';
export * from './postgres.ts';
export * from './process.ts';
export * from './s3.ts';
export { chosenParts, partNames } from './set/names.ts';
export type { PartName } from './set/names.ts';
export { loanApiMain, showcauseBin, startLoanApi, startShowcause } from './set/ours.ts';
export type { Environment, LoanApiOptions, Place } from './set/ours.ts';
export { startSet } from './set/set.ts';
export type { PartsSet, SetOptions, StartedPart } from './set/set.ts';
