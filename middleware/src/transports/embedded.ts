import { directoryLog, httpLog } from '@showcause/core/node';
import type { LogReader } from '@showcause/core/node';
import type { Transport } from './port.ts';

export interface EmbeddedOptions {
  /** folder or http(s) URL of the published log */
  dir: string;
  /** reader token of a log that is not public */
  token?: string;
}

/** The spool is the transport: the anchor service reads its segments. */
export function embedded({ dir, token }: EmbeddedOptions): Transport {
  return {
    name: 'embedded',
    readsSpool: true,
    log: openLog(dir, token),
    connect: () => Promise.resolve(),
    publish: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** A published log by folder or URL. */
export function openLog(place: string, token?: string): LogReader {
  if (!/^https?:\/\//.test(place)) return directoryLog(place);
  return httpLog(place, token === undefined ? {} : { token });
}
