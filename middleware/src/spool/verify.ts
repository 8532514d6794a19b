import {
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  coversProducer,
  decodeMessage,
  decodeSignedPromise,
  decodeSpoolHeader,
  equalBytes,
  findSpoolRecord,
  fromHex,
  leafHash,
  merkleRoot,
  parseEntry,
  producerKeyId,
  readSpoolRecord,
  sha256,
  spoolFileName,
  streamPosition,
  toHex,
  verifyPromise,
  verifyRegistration,
  verifyStreamSignature,
} from '@showcause/core';
import type { Hash, ParsedEntry, SpoolHeader, SpoolRecord, TrustPolicy } from '@showcause/core';
import { SpoolFindings, spoolVerdict } from './checks.ts';
import type { SpoolCheck, SpoolVerdict } from './checks.ts';
import type { Disk } from './disk.ts';
import { endAt, segmentNames } from './inspect.ts';
import { lockState } from './lock.ts';
import type { ProcessTable } from './lock-holder.ts';
import { readRemoved } from './removed.ts';
import type { RemovedSegments } from './removed.ts';
import { readEpochState } from './state.ts';

export interface SpoolVerifyOptions {
  /** whose registrar has to have signed the key; without one that stays open */
  policy?: TrustPolicy;
  /** exact bytes of the producer's key entry, where the segment that held it is gone */
  keyEntry?: Uint8Array;
  processes?: ProcessTable;
  /** called after each segment */
  onSegment?: (done: number, of: number) => void;
}

export interface SpoolReport {
  checks: readonly SpoolCheck[];
  verdict: SpoolVerdict;
  producer: string | null;
  segments: number;
  entries: number;
  promises: number;
  /** entries behind the last promise: on disk, promised to nobody */
  unpromised: number;
}

const NO_LEAF = '0'.repeat(64);

/**
 * Checks a whole spool against its format, itself and a policy, one segment in memory at a time.
 * Opens nothing: entries are hashes, names and times. Beside a running producer the newest segment's
 * end is "not yet".
 */
export function verifySpool(
  disk: Disk,
  dir: string,
  options: SpoolVerifyOptions = {},
): SpoolReport {
  const findings = new SpoolFindings();
  const judge = new SpoolJudge(findings, options);
  const isHeld = lockState(disk, dir, options.processes).state === 'held';
  const names = segmentNames(disk, dir);
  judge.begin(
    findings.attempt('sequence', 'removed.json', () => readRemoved(disk, dir)) ?? null,
    findings.attempt('segments', 'epoch.json', () => readEpochState(disk, dir))?.settled ?? 0,
  );
  if (options.keyEntry !== undefined) judge.registration(options.keyEntry, 'the key entry given');
  for (const [i, name] of names.entries()) {
    const bytes = disk.read(`${dir}/${name}`);
    // Removed meanwhile: in the log, and told by removed.json.
    if (bytes !== null) judge.segment(name, bytes, isHeld && i === names.length - 1);
    options.onSegment?.(i + 1, names.length);
  }
  return judge.finish();
}

/** Entries since the last promise. */
interface Batch {
  firstSeq: number;
  leaves: Hash[];
}

class SpoolJudge {
  readonly #findings: SpoolFindings;
  readonly #policy: TrustPolicy | null;
  /** public keys by key id, hex */
  readonly #keys = new Map<string, Uint8Array>();
  #owner: SpoolHeader | null = null;
  #removed: RemovedSegments | null = null;
  #settled = 0;
  #epoch = -1;
  #nextSeq = 0;
  #prev: string | null = null;
  #batch: Batch = { firstSeq: 0, leaves: [] };
  #counts = { segments: 0, entries: 0, promises: 0, unpromised: 0 };

  constructor(findings: SpoolFindings, { policy }: SpoolVerifyOptions) {
    this.#findings = findings;
    this.#policy = policy ?? null;
  }

  begin(removed: RemovedSegments | null, settled: number): void {
    this.#removed = removed;
    this.#settled = settled;
  }

  segment(name: string, bytes: Uint8Array, isOpen: boolean): void {
    this.#counts.segments++;
    let opened: ReturnType<typeof decodeSpoolHeader>;
    try {
      opened = decodeSpoolHeader(bytes);
    } catch {
      if (!isOpen) this.#findings.refute('segments', 'SPOOL_SEGMENT', `no whole header in ${name}`);
      return;
    }
    const { header, length } = opened;
    this.#own(header, name);
    if (header.epoch !== this.#epoch) this.#beginEpoch(header, name);
    else if (header.firstSeq !== this.#nextSeq)
      this.#gap(header.firstSeq, toHex(header.prev), name);
    else if (this.#prev !== null && toHex(header.prev) !== this.#prev)
      this.#findings.refute('chain', 'SPOOL_ORDER', `header of ${name}`);
    // A promise covers entries of one segment.
    this.#batch = { firstSeq: header.firstSeq, leaves: [] };
    this.#records(header, bytes, length, name, isOpen);
    this.#endBatch(name, isOpen || header.epoch >= this.#settled);
  }

  registration(entry: Uint8Array, where: string): void {
    const parsed = this.#findings.attempt('entries', where, () => parseEntry(entry));
    if (parsed?.kind !== 'known' || parsed.entry.type !== 'key') return;
    const key = parsed.entry;
    if (key.action !== 'add') return;
    if (this.#policy !== null) {
      const { logId, registrar } = this.#policy;
      const passed = this.#findings.attempt('registration', where, () => {
        verifyRegistration(key, fromHex(logId, 32), fromHex(registrar, 32));
        return true;
      });
      if (passed !== true) return;
    }
    if (this.#owner !== null && !coversProducer(key.producer, this.#owner.producer))
      return this.#findings.refute('registration', 'SPOOL_FOREIGN', `${where}: another producer`);
    const publicKey = fromHex(key.key, 64);
    this.#keys.set(toHex(producerKeyId(publicKey)), publicKey);
  }

  finish(): SpoolReport {
    const findings = this.#findings;
    const { segments, entries, promises, unpromised } = this.#counts;
    if (segments === 0)
      findings.leaveOpen('segments', 'SPOOL_EMPTY', 'no segment in this folder', true);
    else findings.note('segments', `${segments} of ${this.#owner?.producer ?? 'nobody'}`);
    findings.note('entries', `${entries}`);
    if (this.#policy === null)
      findings.leaveOpen('registration', 'SPOOL_UNREGISTERED', 'no policy was given', false);
    else if (this.#keys.size === 0)
      findings.leaveOpen('registration', 'SPOOL_UNREGISTERED', 'no key entry was found', true);
    findings.note('promises', `${promises}; ${unpromised} entries behind the last one`);
    const checks = findings.checks();
    return {
      checks,
      verdict: spoolVerdict(checks),
      producer: this.#owner?.producer ?? null,
      segments,
      entries,
      promises,
      unpromised,
    };
  }

  #own(header: SpoolHeader, name: string): void {
    this.#owner ??= header;
    const isOwn =
      header.producer === this.#owner.producer &&
      equalBytes(header.logId, this.#owner.logId) &&
      (this.#policy === null || toHex(header.logId) === this.#policy.logId);
    if (!isOwn || spoolFileName(header) !== name)
      this.#findings.refute('segments', 'SPOOL_FOREIGN', name);
  }

  #beginEpoch(header: SpoolHeader, name: string): void {
    const isFirst = this.#epoch === -1;
    const prev = toHex(header.prev);
    if (header.epoch < this.#epoch)
      this.#findings.refute('sequence', 'SPOOL_ORDER', `an older epoch in ${name}`);
    this.#epoch = header.epoch;
    this.#nextSeq = header.firstSeq;
    if (isFirst) this.#checkBeginning(header, prev, name);
    else {
      if (header.firstSeq !== 0)
        this.#findings.refute(
          'sequence',
          'SPOOL_ORDER',
          `seq 0 to ${header.firstSeq - 1}: ${name}`,
        );
      else if (this.#prev !== null && prev !== this.#prev)
        this.#findings.refute(
          'chain',
          'SPOOL_ORDER',
          `epoch ${header.epoch} follows another entry`,
        );
    }
    this.#prev = prev;
  }

  /** What was before the first segment is nothing, or was removed by a producer that says so. */
  #checkBeginning({ epoch, firstSeq }: SpoolHeader, prev: string, name: string): void {
    if (firstSeq === 0 && prev === NO_LEAF) return;
    const removed = this.#removed;
    // A crash between the note and the removal leaves one segment more than the note says.
    const isNoted =
      removed !== null &&
      (prev === removed.end.leaf ||
        epoch < removed.end.epoch ||
        (epoch === removed.end.epoch && firstSeq <= removed.end.seq));
    if (isNoted) {
      const { segments } = removed;
      this.#findings.note('sequence', `${segments} older segments are in the log and were removed`);
    } else this.#findings.refute('sequence', 'SPOOL_ORDER', `what was before ${name} is not here`);
  }

  #gap(seq: number, prev: string | null, where: string): void {
    const what =
      seq > this.#nextSeq
        ? `seq ${this.#nextSeq} to ${seq - 1} missing before ${where}`
        : `seq ${seq} again in ${where}`;
    this.#findings.refute('sequence', 'SPOOL_ORDER', `epoch ${this.#epoch}: ${what}`);
    this.#nextSeq = seq;
    this.#prev = prev;
  }

  #records(
    header: SpoolHeader,
    bytes: Uint8Array,
    start: number,
    name: string,
    isOpen: boolean,
  ): void {
    let at = start;
    for (;;) {
      const read = readSpoolRecord(bytes, at);
      if (read.kind === 'record') {
        this.#record(read.record, header, `${name} at byte ${at}`);
        at = read.next;
        continue;
      }
      const end = endAt(bytes, at);
      if (end === 'clean' || (end === 'torn' && isOpen)) return;
      const what = end === 'torn' ? 'torn tail' : 'damage';
      this.#findings.refute('records', 'SPOOL_CORRUPT', `${what} from byte ${at} of ${name}`);
      // What lies behind damage is judged too: it shows what is missing.
      const next = findSpoolRecord(bytes, at + 1);
      if (typeof next !== 'number') return;
      at = next;
    }
  }

  #record({ type, seq, bytes }: SpoolRecord, header: SpoolHeader, where: string): void {
    if (type === SPOOL_PROMISE) return this.#promise(bytes, seq, header, where);
    const message = this.#findings.attempt('entries', where, () => decodeMessage(bytes));
    if (message === undefined) return;
    if (type !== SPOOL_MESSAGE) return this.registration(message.entry, where);
    this.#counts.entries++;
    const leaf = leafHash(message.entry);
    if (seq !== this.#nextSeq) this.#gap(seq, null, where);
    if (this.#batch.leaves.length === 0) this.#batch.firstSeq = seq;
    this.#batch.leaves.push(leaf);
    const parsed = this.#findings.attempt('entries', where, () => parseEntry(message.entry));
    if (parsed !== undefined) this.#entry(parsed, message.sealed, seq, header, where);
    this.#nextSeq = seq + 1;
    this.#prev = toHex(leaf);
  }

  #entry(
    parsed: ParsedEntry,
    sealed: Uint8Array,
    seq: number,
    header: SpoolHeader,
    where: string,
  ): void {
    const at = streamPosition(parsed);
    const isPlaced =
      at !== null && at.producer === header.producer && at.epoch === header.epoch && at.seq === seq;
    if (!isPlaced)
      return this.#findings.refute('entries', 'SPOOL_ORDER', `${where}: another place`);
    if (this.#prev !== null && at.prev !== this.#prev)
      this.#findings.refute('chain', 'SPOOL_ORDER', where);
    if (parsed.kind !== 'known') return;
    const { entry } = parsed;
    const named = 'payload' in entry ? entry.payload : null;
    const held = sealed.length === 0 ? null : toHex(sha256(sealed));
    if (named !== held) this.#findings.refute('payloads', 'SPOOL_PAYLOAD', where);
    if ('sig' in entry && 'seq' in entry)
      this.#signed(header, where, (key) => verifyStreamSignature(entry, header.logId, key));
  }

  #promise(bytes: Uint8Array, seq: number, header: SpoolHeader, where: string): void {
    this.#counts.promises++;
    const { firstSeq, leaves } = this.#batch;
    this.#batch = { firstSeq: this.#nextSeq, leaves: [] };
    const signed = this.#findings.attempt('promises', where, () => decodeSignedPromise(bytes));
    if (signed === undefined) return;
    const { promise } = signed;
    const isExact =
      promise.epoch === header.epoch &&
      promise.firstSeq === firstSeq &&
      promise.count === leaves.length &&
      seq === firstSeq + leaves.length - 1 &&
      equalBytes(promise.batchRoot, merkleRoot(leaves));
    if (!isExact) this.#findings.refute('promises', 'SPOOL_PROMISE', where);
    this.#signed(header, where, (key) => verifyPromise(signed, header.logId, key));
  }

  #signed(header: SpoolHeader, where: string, verify: (key: Uint8Array) => void): void {
    const keyId = toHex(header.keyId);
    const key = this.#keys.get(keyId);
    if (key === undefined)
      return this.#findings.leaveOpen(
        'signatures',
        'SPOOL_UNREGISTERED',
        `no registration of key ${keyId.slice(0, 16)}…: ${where}`,
        true,
      );
    this.#findings.attempt('signatures', where, () => verify(key));
  }

  /** @param mayWait  whether a promise may still come: of the running epoch, or by the next start */
  #endBatch(name: string, mayWait: boolean): void {
    const { leaves } = this.#batch;
    this.#counts.unpromised += leaves.length;
    if (leaves.length > 0 && !mayWait)
      this.#findings.refute('promises', 'SPOOL_PROMISE', `${leaves.length} at the end of ${name}`);
  }
}
