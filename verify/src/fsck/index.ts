/** Checks everything stored of a published log, and makes derived data again. Reaches neither disk nor network. */
export { checkStored, fsckExitCode } from './check.ts';
export type { FsckOptions, FsckReport, FsckResult } from './check.ts';
export { fsckErrorCodes } from './errors.ts';
export type { FsckCode } from './errors.ts';
export { MAX_FINDINGS } from './findings.ts';
export type { DataKind, FsckFinding } from './findings.ts';
export type { NameKind, Remark, StoredFile, StoredLog, StoredName, WriteDerived } from './ports.ts';
export { repairRefusal, repairStored } from './repair.ts';
export type { RepairAct } from './repair.ts';
