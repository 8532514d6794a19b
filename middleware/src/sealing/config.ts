import type { KeyPair } from '@showcause/core/node';
import type { SpoolFamily } from '../spool/places.ts';

/** All the sealing thread needs, as plain data. */
export interface SealingConfig {
  producer: string;
  /** 32 bytes */
  logId: Uint8Array;
  producerKey: KeyPair;
  /** 64 bytes */
  storeKey: Uint8Array;
  /** file of subject keys */
  keyFile: string;
  spoolDir: string;
  /** the spools beside it, whose decisions are answered for too */
  family: SpoolFamily;
  /** leaf hash of the deployment entry, hex */
  deployment: string;
  /** registrar-signed entries that each epoch sends ahead: the key entry, then the deployment */
  registrations: readonly Uint8Array[];
  featureNames: readonly string[];
  /** JSON texts of claims that every decision states: people accountable and retention rule */
  people: string;
  retention: string;
  heartbeatSeconds: number;
  mergeBySeconds: number;
  segmentBytes: number;
  maxSpoolBytes: number;
  minFreeBytes: number;
  reserveBytes: number;
  allowVolatileSpool: boolean;
  clockToleranceSeconds: number;
}

/** How far the spool is durable. */
export interface SealingStatus {
  epoch: number;
  /** seq of the newest durable entry */
  seq: number;
  poisoned: boolean;
  /** code of what poisoned it, or null */
  poison: string | null;
  /** the clock was set back */
  regressed: boolean;
  full: boolean;
  spoolBytes: number;
  /** of the spool's disk */
  freeBytes: number;
  /** held back for the end of the stream */
  reserved: number;
  /** intents without a decision yet */
  open: number;
  unlogged: number;
  alarms: readonly { code: string; segment: string; detail: string }[];
  lastCommitMs: number;
}
