import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestProducer, TestSpool } from '../../src/testing.ts';
import { writeServiceFolder } from './log.ts';
import type { TestLog } from './log.ts';

/** One log of a service of several, with a producer that spools for it. */
export interface ManyLog {
  name: string;
  dir: string;
  log: TestLog;
  producer: TestProducer;
  spooled: TestSpool;
}

/** Files of a service of several logs, each in a folder of its name. @returns the configuration's path */
export function writeManyLogs(
  dir: string,
  names: readonly string[],
  changes: Readonly<Record<string, Record<string, unknown>>> = {},
  rim: Record<string, unknown> = {},
): { config: string; logs: ManyLog[] } {
  const members: object[] = [];
  const logs = names.map((name) => {
    const folder = join(dir, name);
    mkdirSync(folder, { recursive: true });
    const { config, log, spool } = writeServiceFolder(folder);
    const {
      v: _v,
      http: _http,
      ...own
    } = JSON.parse(readFileSync(config, 'utf8')) as Record<string, unknown>;
    const below = (path: unknown): string => `./${name}/${String(path)}`;
    members.push({
      ...own,
      name,
      keys: below(own['keys']),
      genesis: below(own['genesis']),
      registrations: (own['registrations'] as string[]).map(below),
      store: below(own['store']),
      log: below(own['log']),
      readerTokenFile: below(own['readerTokenFile']),
      transport: { kind: 'embedded', spools: [below('./spool')] },
      ...changes[name],
    });
    const producer = new TestProducer('loan-api', log.logId);
    const spooled = new TestSpool(spool, log.logId);
    spooled.begin(producer);
    spooled.registration(log.register('loan-api', producer.key.publicKey));
    return { name, dir: folder, log, producer, spooled };
  });
  const config = join(dir, 'config.json');
  const http = { host: '127.0.0.1', port: 0 };
  writeFileSync(config, JSON.stringify({ v: 1, http, logs: members, ...rim }));
  return { config, logs };
}
