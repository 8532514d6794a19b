import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { loanApiMain } from '@showcause/parts';
import { Processes, listeningLine } from '@showcause/parts';
import { cleanEnvironment, runProgram, showcauseBin, temporaryFolder } from './support/demo.ts';

const WITHIN_MS = 60_000;
const dir = join(temporaryFolder(), 'log');
const keys = join(dir, 'producer/keys');
const processes = new Processes();
afterAll(() => processes.stopAll(), WITHIN_MS);

const apiArgs = [
  loanApiMain,
  '--keys',
  keys,
  '--spool',
  join(dir, 'producer/spool'),
  '--log',
  join(dir, 'service/log'),
  '--volatile',
];
const showcause = (...args: string[]) => runProgram(process.execPath, [showcauseBin, ...args]);

test(
  'the loan API starts only with what the registrar signed',
  async () => {
    expect(await showcause('init', dir, '--origin', 'log.example.org/loans')).toMatchObject({
      exit: 0,
    });
    const refused = await runProgram(process.execPath, apiArgs);
    expect(refused.exit).toBe(1);
    expect(refused.err).toContain('showcause deployment sign');

    const file = join(keys, 'deployment.unsigned.json');
    const signed = await showcause(
      'deployment',
      'sign',
      file,
      '--registrar',
      join(dir, 'registrar'),
    );
    expect(signed).toMatchObject({ exit: 0, err: '' });
    // All that decides is in front of whoever signs.
    for (const fact of [
      'model.sha256:',
      'policy.approveBelow:',
      'employment_length',
      'contact.name:',
    ])
      expect(signed.out).toContain(fact);
    const written = /^wrote (.*)$/m.exec(signed.out)?.[1] ?? '';
    expect(existsSync(written)).toBe(true);
    expect(JSON.parse(readFileSync(written, 'utf8'))).toMatchObject({ development: false });

    const api = await processes.start({
      name: 'loan API',
      command: process.execPath,
      args: apiArgs,
      env: cleanEnvironment,
      logFile: join(dir, 'loan-api.log'),
      ready: listeningLine,
    });
    expect((await fetch(`${api.listening}/healthz`)).status).toBe(200);
  },
  WITHIN_MS,
);
