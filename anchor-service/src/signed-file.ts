import { dirname, join } from 'node:path';
import type { LogConfig } from './config.ts';

/** Where the newest signed head is kept apart from the store. */
export function signedFileOf({ store }: Pick<LogConfig, 'store'>): string {
  return typeof store === 'string' ? join(dirname(store), 'signed.json') : store.signedFile;
}
