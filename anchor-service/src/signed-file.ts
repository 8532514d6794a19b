import { dirname, join } from 'node:path';
import type { ServiceConfig } from './config.ts';

/** Where the newest signed head is kept apart from the store. */
export function signedFileOf({ store }: ServiceConfig): string {
  return typeof store === 'string' ? join(dirname(store), 'signed.json') : store.signedFile;
}
