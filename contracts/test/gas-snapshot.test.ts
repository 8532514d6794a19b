import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { describeWithAnvil } from '../../test/support/anvil.ts';

describeWithAnvil('gas of the contracts', () => {
  test('is exactly what contracts/gas-snapshot.json holds', () => {
    const script = new URL('../../scripts/gas-snapshot.mjs', import.meta.url).pathname;
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  }, 60_000);
});
