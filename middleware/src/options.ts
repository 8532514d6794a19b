import type { ReasonRegistry } from '@showcause/explain';
import type { CounterfactualOptions } from './counterfactuals/options.ts';
import type { HaltOptions } from './halt.ts';
import type { DecisionModel } from './model/tree-model.ts';
import type { Transport } from './transports/port.ts';

/** The person to ask: on every page, in every refusal. At least one way to reach them. */
export interface Contact {
  readonly name: string;
  readonly url?: string;
  readonly email?: string;
  readonly phone?: string;
}

/**
 * What is decided beside the model. Everything here is stated in the deployment entry; further
 * members are kept as they are. Exactly one of `approveBelow` and `approveAtLeast` where a model
 * is scored: it says which number meets the threshold and which way is adverse.
 */
export interface DecisionPolicy {
  readonly id: string;
  readonly version: string;
  readonly measure?: 'probability' | 'score';
  readonly approveBelow?: number;
  readonly approveAtLeast?: number;
  /** outcomes that go against the person; a counter-offer is one */
  readonly adverse?: readonly string[];
  readonly rules?: readonly { readonly code: string; readonly description: string }[];
  readonly accountable?: { readonly team: string; readonly role: string };
  readonly [further: string]: unknown;
}

export interface PagesOptions {
  /** path or URL where `audit.router()` is mounted; '/decisions' by default */
  base?: string;
  /** how long a page's code works, in days; 90 by default */
  tokenDays?: number;
}

export interface PublishLag {
  /** alarm `PUBLISH_LAG` above it; 300 by default */
  alertSeconds?: number;
  /** decisions are unloggable above it (`SPOOL_BEHIND`); never by default */
  mostSeconds?: number;
  mostBytes?: number;
}

export interface KeepOptions {
  /** since a segment was last written, at least 1 */
  days?: number;
  /** nothing is removed while the spool is smaller */
  bytes?: number;
}

export interface AuditOptions {
  /** lower-case words joined by '/': one name for each process that writes a spool */
  producer: string;
  /** key folder: producer.json, store.json, passphrase, genesis.entry, key.entry */
  keys: string;
  /** spool folder on a real disk */
  spool: string;
  contact: Contact;
  /**
   * Several processes of this producer on one host (node:cluster, pm2, pods on one volume): each takes the lowest free
   * number, writes as `producer/<number>` in a folder of its own below `spool`, and answers for the decisions of all.
   * The registrar's key for `producer` covers them.
   */
  workers?: boolean;
  /** `embedded({ dir })` or `kafka({ … })`; without one the service reads the spool folder */
  transport?: Transport;
  /**
   * 'replicated': an answer leaves once its record is on this disk and the transport has acknowledged it, so that it
   * outlives this machine; routes may say otherwise. 'local' by default. Needs a transport that publishes.
   */
  durability?: Durability;
  /** what becomes of a replicated answer without an acknowledgement in time; 'refuse' by default */
  onUnreplicated?: OnUnreplicated;
  /** how long it is waited for; 5,000 by default */
  replicationMs?: number;
  model?: DecisionModel;
  reasons?: ReasonRegistry | string;
  policy?: DecisionPolicy;
  /** what would have changed the answer: searched after it, written as an `explanation` entry after every decision */
  counterfactuals?: CounterfactualOptions;
  /** the system's own name and version; the producer's name by default */
  system?: { name: string; version: string };
  /** retention rule stated in every decision */
  retention?: { class: string; retainUntil?: string; legalHold?: boolean };
  pages?: PagesOptions;
  /** somebody who can stop automated decisions; without it they are never halted */
  halt?: HaltOptions;
  /** opens the key folder; otherwise `<keys>/passphrase` is read */
  passphrase?: string;
  /** signs the deployment by itself with `registrar`; the entry then says so */
  development?: boolean;
  /** registrar key folder, for development only */
  registrar?: string;
  registrarPassphrase?: string;
  /** 'worker': a thread of its own (default where compiled); 'inline': the caller's thread */
  sealing?: 'worker' | 'inline';
  /** 60 by default */
  heartbeatSeconds?: number;
  /** by when a promised entry is in the log; 86,400 by default, which is also the most: verifiers call an intent open for at most a day */
  mergeBySeconds?: number;
  /** a new segment begins at this size; 16 MiB by default */
  segmentBytes?: number;
  /** the spool takes no more above this size; 8 GiB by default */
  maxSpoolBytes?: number;
  /** the spool takes no more when its disk has fewer bytes free; 64 MiB by default */
  minFreeBytes?: number;
  /** a file of this size goes when the disk is full, so that the stream can still be ended; 4 MiB by default, 0 for none */
  reserveBytes?: number;
  /**
   * When old segments may be removed, which takes what was sealed in them for good: pages and receipts of their
   * decisions end, the log keeps the entries. Never before a signed checkpoint that was checked here includes every
   * message of a segment. By default only above half of `maxSpoolBytes`, and what is older than 25 months and than the
   * codes of pages; 'all' keeps everything.
   */
  keepSegments?: KeepOptions | 'all';
  /** decisions are unloggable while the clock is further behind than where it was set back from; 60 by default */
  clockToleranceSeconds?: number;
  /** how late a transport may be, by the oldest entry that it has not taken and by bytes */
  publishLag?: PublishLag;
  /** permits tmpfs and overlayfs: nothing on them outlives the machine or container */
  allowVolatileSpool?: boolean;
  /** closes the audit on SIGTERM and SIGINT */
  handleSignals?: boolean;
}

export type Durability = 'local' | 'replicated';

/**
 * 'refuse': 503, and a followup says that the answer did not reach the caller. 'local': released on this disk's word
 * alone, counted, and a followup says so.
 */
export type OnUnreplicated = 'refuse' | 'local';

/** Options with their defaults. */
export interface CheckedOptions extends AuditOptions {
  heartbeatSeconds: number;
  mergeBySeconds: number;
  segmentBytes: number;
  maxSpoolBytes: number;
  minFreeBytes: number;
  reserveBytes: number;
  keepSegments: Required<KeepOptions> | 'all';
  allowVolatileSpool: boolean;
  workers: boolean;
  durability: Durability;
  onUnreplicated: OnUnreplicated;
  replicationMs: number;
  clockToleranceSeconds: number;
  publishLag: Required<PublishLag>;
  pages: Required<PagesOptions>;
}
