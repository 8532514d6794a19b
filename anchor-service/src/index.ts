/** Sequencer, publisher, HTTP API, anchorer and countersigner of a log. */
export * from './anchorer.ts';
export * from './chain/index.ts';
export { readCountersignerConfig, readServiceConfig } from './config.ts';
export type { Environment } from './config-env.ts';
export { shownConfig } from './config-shown.ts';
export type { CountersignerConfig, LogConfig, ServiceConfig } from './config.ts';
export * from './countersigner/index.ts';
export * from './doctor/index.ts';
export { ServiceError, quarantineReasons, serviceErrorCodes } from './errors.ts';
export type { QuarantineReason, ServiceErrorCode } from './errors.ts';
export * from './genesis.ts';
export { openApiDocument } from './http/openapi.ts';
export { ownTypes } from './own-stream.ts';
export type { LogState } from './logs/hosted-log.ts';
export { serveUntil } from './serve.ts';
export type { Said } from './serve.ts';
export { startService } from './service.ts';
export type { AnchorService, ServiceDeps, ServiceLog, ServiceStatus } from './service.ts';
