/** Real parts for the demo and for tests: a chain, processes of their own, ports. */
export * from './anvil.ts';
export * from './kafka.ts';
export * from './ports.ts';
export * from './process.ts';
