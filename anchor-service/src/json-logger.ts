import { pino } from 'pino';
import type { Logger } from './ports.ts';

/** Logs one JSON line an event: `time` as ISO 8601, `level` as a word, `name` of the process, `message`, and its fields. */
export function jsonLogger(name: string, write: (line: string) => void): Logger {
  return pino(
    {
      base: { name },
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line) => write(line.trimEnd()) },
  );
}
