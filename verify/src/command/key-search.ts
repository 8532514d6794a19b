import { CodedError, leafHash, parseEntryOf } from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import type { LogReader } from '@showcause/core/node';
import { CouldNotCheck } from '../errors.ts';
import { openLogCheckpoint } from '../logged.ts';
import type { CommonOptions } from './inputs.ts';
import { searchKey } from '../readers/index.ts';
import { told } from '../report.ts';
import type { KeySearch } from '../revocation.ts';

/** Bytes of a receipt or header: untrusted. */
export interface Evidence {
  key: Uint8Array;
  entry: Uint8Array;
}

/** How a log that is not public answers who has no token. */
const CLOSED = /^status 40[13] for /;

/**
 * What a log's entries say of the key that wrote an entry.
 * @returns why it could not be told, instead of throwing: the check then says so
 */
export async function askRevocation(
  log: LogReader,
  policy: TrustPolicy,
  evidence: Evidence,
  { tokenFile }: Pick<CommonOptions, 'tokenFile'>,
): Promise<KeySearch | CouldNotCheck> {
  const key = keyOf(evidence.key);
  if (key === null) return new CouldNotCheck('VERIFY_DEPENDS', 'needs a well-formed key entry');
  try {
    const checkpoint = await log.checkpoint();
    const { size } = openLogCheckpoint(checkpoint, policy);
    return await searchKey(log, { checkpoint, size }, { key, leaf: leafHash(evidence.entry) });
  } catch (error) {
    if (error instanceof CouldNotCheck) return error;
    if (!(error instanceof CodedError)) throw error;
    // Who was given no token cannot ask this of such a log, and did not.
    if (tokenFile === undefined && CLOSED.test(error.got))
      return new CouldNotCheck(
        'VERIFY_MISSING',
        'the log shows entries to its readers alone (needs --token-file)',
      );
    return new CouldNotCheck('LOG_FETCH', told(error));
  }
}

function keyOf(bytes: Uint8Array): string | null {
  try {
    return parseEntryOf('key', bytes).key;
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
}
