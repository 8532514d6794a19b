export * from './client.ts';
export * from './countersigner.ts';
export * from './entry-checker.ts';
export * from './server.ts';
export * from './start.ts';
