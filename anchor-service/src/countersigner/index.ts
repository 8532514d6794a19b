export * from './client.ts';
export * from './countersigner.ts';
export * from './dry-run.ts';
export * from './entry-checker.ts';
export { readRefusals } from './refusals.ts';
export type { RunningCountersigner } from './run.ts';
export * from './server.ts';
export * from './start.ts';
export type { TlsFiles } from './tls-files.ts';
