import { equalBytes } from '@showcause/core';
import type { Hash } from '@showcause/core';
import { serviceErrorCodes } from '../errors.ts';
import { fail, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';
import type { StoreFacts } from './store.ts';

export interface Head {
  size: number;
  root: Hash;
}

/**
 * What was signed, wherever it is kept, against the store: a store below it was restored, one beside it is another's.
 * @param where  'signed mark', 'published checkpoint', 'contract'
 */
export async function judgeHead(
  where: string,
  head: Head | null,
  { size, signed, rootOf }: Pick<StoreFacts, 'size' | 'signed' | 'rootOf'>,
): Promise<Finding> {
  const name = `${where} and store`;
  if (head === null)
    return signed === null
      ? ok(name, 'nothing was signed yet')
      : warn(
          name,
          `nothing there, ${signed.size} signed`,
          'A start writes it again from the store.',
        );
  if (head.size > size)
    return fail(
      name,
      `${head.size} signed, ${size} stored`,
      serviceErrorCodes.PUBLISH_ROLLBACK.fix,
    );
  const root = await rootOf(head.size);
  if (root === null)
    return fail(
      name,
      `no checkpoint of ${head.size} in the store`,
      serviceErrorCodes.PUBLISH_ROLLBACK.fix,
    );
  if (!equalBytes(root, head.root))
    return fail(name, `another root of size ${head.size}`, serviceErrorCodes.PUBLISH_FORK.fix);
  return ok(name, `size ${head.size} of ${size}`);
}
