import { showcauseLogCreationCode } from '@showcause/contracts';
import { fromBase64, parseReceipt } from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import type { LogReader } from '@showcause/core/node';
import { isPinned } from '../anchor-proof.ts';
import { openLogCheckpoint } from '../logged.ts';
import { verifyReceipt, verifyReceiptHeader } from '../receipt.ts';
import type { Report } from '../report.ts';
import { findKeyEntry, readBytes, readText } from '../readers/index.ts';
import {
  askChain,
  loadHeader,
  loadSecondOpinion,
  loadShown,
  openGivenLog,
  pinnedOf,
  reading,
} from './inputs.ts';
import type { CommonOptions } from './inputs.ts';
import { askRevocation } from './key-search.ts';
import { askLog } from './receipt-log.ts';

export interface ReceiptOptions extends CommonOptions {
  response?: string;
  shown?: string;
  header?: string;
  key?: string;
}

export async function runReceipt(
  file: string,
  options: ReceiptOptions,
  policy: TrustPolicy,
): Promise<Report> {
  const receipt = await reading('input', async () => parseReceipt(await readText(file)));
  const { shown, response } = options;
  const given = await reading('input', async () => ({
    ...(shown === undefined ? {} : { shown: await loadShown(shown) }),
    ...(response === undefined ? {} : { response: await readBytes(response) }),
    ...(await loadSecondOpinion(options)),
  }));
  const asked = await askChain(options, policy, receipt.anchor ?? undefined);
  const where = options.log;
  const log =
    where === undefined ? null : await reading('input', () => openGivenLog(options, where));
  const chain =
    asked ??
    (log === null || isPinned(policy, receipt.anchor) ? null : await pinnedOf(log, policy));
  const fromLog =
    log === null
      ? { receipt }
      : {
          ...(await askLog(log, policy, receipt, chain)),
          revocations: await askRevocation(
            log,
            policy,
            { key: fromBase64(receipt.key), entry: fromBase64(receipt.entry) },
            options,
          ),
        };
  return verifyReceipt({
    policy,
    creationCode: showcauseLogCreationCode,
    ...(options.fingerprint === undefined ? {} : { expectedFingerprint: options.fingerprint }),
    ...given,
    ...fromLog,
    ...(chain === null ? {} : { chain }),
    ...(options.require === undefined ? {} : { require: options.require }),
  });
}

export async function runHeader(
  header: string,
  options: ReceiptOptions,
  policy: TrustPolicy,
): Promise<Report> {
  const decoded = await reading('input', () => loadHeader(header));
  const { response, log: where } = options;
  const log =
    where === undefined ? null : await reading('input', () => openGivenLog(options, where));
  const key = await reading('input', () =>
    headerKey(options, policy, log, decoded.promise.promise.keyId),
  );
  const revocations =
    log === null || key === null
      ? undefined
      : await askRevocation(log, policy, { key, entry: decoded.entry }, options);
  return verifyReceiptHeader({
    header: decoded,
    policy,
    ...(options.fingerprint === undefined ? {} : { expectedFingerprint: options.fingerprint }),
    ...(key === null ? {} : { key }),
    ...(revocations === undefined ? {} : { revocations }),
    ...(response === undefined
      ? {}
      : { response: await reading('input', () => readBytes(response)) }),
  });
}

/** The producer's key entry: from a file, or looked up in a log. */
async function headerKey(
  options: ReceiptOptions,
  policy: TrustPolicy,
  log: LogReader | null,
  keyId: Uint8Array,
): Promise<Uint8Array | null> {
  if (options.key !== undefined) return readBytes(options.key);
  if (log === null) return null;
  const { size } = openLogCheckpoint(await log.checkpoint(), policy);
  return findKeyEntry(log, size, keyId);
}
