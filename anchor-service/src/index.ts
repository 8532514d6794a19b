/** Sequencer, publisher, HTTP API, anchorer and countersigner of a log. */
export * from './anchorer.ts';
export * from './chain/index.ts';
export { readCountersignerConfig, readServiceConfig } from './config.ts';
export type { Environment } from './config-env.ts';
export { shownConfig } from './config-shown.ts';
export type { CountersignerConfig, ServiceConfig } from './config.ts';
export * from './countersigner/index.ts';
export * from './doctor/index.ts';
export { ServiceError, quarantineReasons, serviceErrorCodes } from './errors.ts';
export type { QuarantineReason, ServiceErrorCode } from './errors.ts';
export * from './genesis.ts';
export { openApiDocument } from './http/openapi.ts';
export { ownTypes } from './own-stream.ts';
export { startService } from './service.ts';
export type { AnchorService, ServiceDeps, ServiceStatus } from './service.ts';
