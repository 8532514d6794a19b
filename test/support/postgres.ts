import { describe, test } from '@jest/globals';
import { postgresBinaries } from '@showcause/parts';

export { startPostgres } from '@showcause/parts';
export type { Postgres } from '@showcause/parts';

/** Tests that need a real PostgreSQL: skipped by name where none can be had, which is a failure when CI=true. */
export function describeWithPostgres(name: string, tests: () => void): void {
  if (postgresBinaries(process.env['SHOWCAUSE_POSTGRES_BIN']) !== null) describe(name, tests);
  else if (process.env['CI'] === 'true')
    test(name, () => {
      throw new Error('PostgreSQL is neither installed nor in the registry');
    });
  else describe.skip(`${name} (needs PostgreSQL)`, tests);
}
