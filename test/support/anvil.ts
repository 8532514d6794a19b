import { describe, test } from '@jest/globals';
import { anvilBinary, startAnvil as startOn } from '@showcause/parts';
import type { Anvil } from '@showcause/parts';

export type { Anvil } from '@showcause/parts';

/** Tests that need a real EVM: skipped by name where the binary is not installed, which is a failure when CI=true. */
export function describeWithAnvil(name: string, tests: () => void): void {
  if (anvilBinary() !== null) describe(name, tests);
  else if (process.env['CI'] === 'true')
    test(name, () => {
      throw new Error('anvil is not installed');
    });
  else describe.skip(`${name} (needs anvil)`, tests);
}

/** A chain of its own on a free port; a block a transaction, `finalized` two blocks behind `latest`. */
export function startAnvil(args: readonly string[] = []): Promise<Anvil> {
  return startOn({ args });
}
