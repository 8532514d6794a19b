/** What needs Node: key files, durable files, sealing, and readers of a published log. Not part of the browser-safe library. */
export * from './files.ts';
export * from './filesystems.ts';
export * from './keys.ts';
export * from './payload.ts';
export * from './readers.ts';
