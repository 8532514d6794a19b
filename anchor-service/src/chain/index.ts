export * from './accounts.ts';
export * from './advance-call.ts';
export * from './contract.ts';
export * from './deploy.ts';
export * from './errors.ts';
export * from './port.ts';
export * from './typed-data.ts';
export * from './viem.ts';
