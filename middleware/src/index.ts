export { createAudit } from './audit/create.ts';
export type { Audit, AuditStatus, Followup } from './audit/face.ts';
export type {
  OnHalt,
  OnUnexplained,
  OnUnloggable,
  ReasonsOptions,
  RequestDecision,
  Scored,
} from './decision.ts';
export { AuditError, middlewareErrorCodes } from './errors.ts';
export type { MiddlewareErrorCode } from './errors.ts';
export { keepRawBody } from './express/body.ts';
export { RECEIPT_HEADER } from './express/hold.ts';
export { parseRequestJson } from './express/json.ts';
export type { RequestJsonOptions } from './express/json.ts';
export type { HaltOptions, HaltSource, HaltStatus } from './halt.ts';
export type { RouteOptions } from './express/types.ts';
export { treeModel } from './model/tree-model.ts';
export type { Background, DecisionModel, TreeModelOptions } from './model/tree-model.ts';
export type {
  AuditOptions,
  Contact,
  DecisionPolicy,
  Durability,
  OnUnreplicated,
  PagesOptions,
} from './options.ts';
export { drainSpool } from './receipts/drain.ts';
export type { DrainOptions, DrainState } from './receipts/drain.ts';
export type { SpoolCheck, SpoolVerdict } from './spool/checks.ts';
export { nodeDisk } from './spool/disk.ts';
export { inspectSpool } from './spool/inspect.ts';
export type { BrokenSegment, SegmentFacts, SpoolInspection } from './spool/inspect.ts';
export type { MendAct } from './spool/mend.ts';
export { spoolFolders } from './spool/places.ts';
export { planRepair, repairSpool } from './spool/repair.ts';
export { verifySpool } from './spool/verify.ts';
export type { SpoolReport } from './spool/verify.ts';
export { embedded } from './transports/embedded.ts';
export type { EmbeddedOptions } from './transports/embedded.ts';
export type { OutgoingMessage, Transport } from './transports/port.ts';
export type { WrapInput, WrapOptions, Wrapped } from './wrap.ts';
