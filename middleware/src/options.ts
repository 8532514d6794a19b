import { isProducerName } from '@showcause/core';
import type { ReasonRegistry } from '@showcause/explain';
import { AuditError } from './errors.ts';
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

export interface AuditOptions {
  /** lower-case words joined by '/': one name for each process that writes a spool */
  producer: string;
  /** key folder: producer.json, store.json, passphrase, genesis.entry, key.entry */
  keys: string;
  /** spool folder on a real disk */
  spool: string;
  contact: Contact;
  /** `embedded({ dir })` or `kafka({ … })`; without one the service reads the spool folder */
  transport?: Transport;
  model?: DecisionModel;
  reasons?: ReasonRegistry | string;
  policy?: DecisionPolicy;
  /** the system's own name and version; the producer's name by default */
  system?: { name: string; version: string };
  /** retention rule stated in every decision */
  retention?: { class: string; retainUntil?: string; legalHold?: boolean };
  pages?: PagesOptions;
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
  /** by when a promised entry is in the log; 86,400 by default */
  mergeBySeconds?: number;
  /** a new segment begins at this size; 16 MiB by default */
  segmentBytes?: number;
  /** the spool takes no more above this size; 8 GiB by default */
  maxSpoolBytes?: number;
  /** permits tmpfs and overlayfs: nothing on them outlives the machine or container */
  allowVolatileSpool?: boolean;
  /** closes the audit on SIGTERM and SIGINT */
  handleSignals?: boolean;
}

/** Options with their defaults. */
export interface CheckedOptions extends AuditOptions {
  heartbeatSeconds: number;
  mergeBySeconds: number;
  segmentBytes: number;
  maxSpoolBytes: number;
  allowVolatileSpool: boolean;
  pages: Required<PagesOptions>;
}

const KNOWN: Readonly<Record<keyof AuditOptions, true>> = {
  producer: true,
  keys: true,
  spool: true,
  contact: true,
  transport: true,
  model: true,
  reasons: true,
  policy: true,
  system: true,
  retention: true,
  pages: true,
  passphrase: true,
  development: true,
  registrar: true,
  registrarPassphrase: true,
  sealing: true,
  heartbeatSeconds: true,
  mergeBySeconds: true,
  segmentBytes: true,
  maxSpoolBytes: true,
  allowVolatileSpool: true,
  handleSignals: true,
};

/** @throws {AuditError} `OPTIONS_REQUIRED`, `OPTIONS_UNKNOWN`, `OPTIONS_VALUE`, naming the option */
export function checkOptions(options: AuditOptions): CheckedOptions {
  const stray = Object.keys(options).find((name) => !Object.hasOwn(KNOWN, name));
  if (stray !== undefined)
    throw new AuditError('OPTIONS_UNKNOWN', { got: stray, want: Object.keys(KNOWN).join(', ') });
  if (!isProducerName(required(options, 'producer')))
    throw wrong(
      'producer',
      'lower-case words of letters, digits and -, joined by /, at most 64 characters',
    );
  nonEmpty('keys', required(options, 'keys'));
  nonEmpty('spool', required(options, 'spool'));
  checkContact(required(options, 'contact'));
  checkPolicy(options);
  if (options.development === true && options.registrar === undefined)
    throw new AuditError('OPTIONS_REQUIRED', {
      got: 'development without registrar',
      want: "registrar: the registrar's key folder",
    });
  if (options.registrar !== undefined && options.development !== true)
    throw wrong(
      'registrar',
      'development: true beside it; in production the registrar signs elsewhere',
    );
  return {
    ...options,
    heartbeatSeconds: whole('heartbeatSeconds', options.heartbeatSeconds ?? 60, 1, 86_400),
    mergeBySeconds: whole('mergeBySeconds', options.mergeBySeconds ?? 86_400, 1, 30 * 86_400),
    segmentBytes: whole('segmentBytes', options.segmentBytes ?? 16 * 2 ** 20, 4096, 2 ** 30),
    maxSpoolBytes: whole(
      'maxSpoolBytes',
      options.maxSpoolBytes ?? 8 * 2 ** 30,
      65_536,
      Number.MAX_SAFE_INTEGER,
    ),
    allowVolatileSpool: options.allowVolatileSpool ?? false,
    pages: {
      base: (options.pages?.base ?? '/decisions').replace(/\/+$/, ''),
      tokenDays: whole('pages.tokenDays', options.pages?.tokenDays ?? 90, 1, 3650),
    },
  };
}

function checkContact(contact: Contact): void {
  if (typeof contact !== 'object' || contact === null)
    throw wrong('contact', '{ name, url | email | phone }');
  nonEmpty('contact.name', contact.name);
  const { url, email, phone } = contact;
  if (url === undefined && email === undefined && phone === undefined)
    throw wrong('contact', 'url, email or phone: a person has to be reachable');
  if (url !== undefined && !/^https?:\/\/[^\s"'<>]{1,500}$/.test(url))
    throw wrong('contact.url', 'an http(s) URL');
  if (email !== undefined && !/^[^\s@"'<>]{1,64}@[^\s@"'<>]{1,200}$/.test(email))
    throw wrong('contact.email', 'an e-mail address');
}

function checkPolicy({ policy, model, reasons }: AuditOptions): void {
  if (reasons !== undefined && model === undefined)
    throw new AuditError('OPTIONS_REQUIRED', { got: 'reasons without model', want: 'model' });
  if (policy === undefined) {
    if (model !== undefined)
      throw new AuditError('OPTIONS_REQUIRED', {
        got: 'model without policy',
        want: 'policy, which says what is adverse',
      });
    return;
  }
  nonEmpty('policy.id', policy.id);
  nonEmpty('policy.version', policy.version);
  const thresholds = [policy.approveBelow, policy.approveAtLeast].filter(
    (value) => value !== undefined,
  );
  if (model !== undefined && (thresholds.length !== 1 || !Number.isFinite(thresholds[0])))
    throw wrong('policy', 'exactly one of approveBelow and approveAtLeast, a finite number');
}

function required<K extends keyof AuditOptions>(
  options: AuditOptions,
  name: K,
): NonNullable<AuditOptions[K]> {
  const value = options[name];
  if (value === undefined || value === null)
    throw new AuditError('OPTIONS_REQUIRED', { got: `no ${name}`, want: name });
  return value;
}

function nonEmpty(name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw wrong(name, 'a non-empty string');
}

function whole(name: string, value: number, least: number, most: number): number {
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw wrong(name, `a whole number from ${least} to ${most}`);
  return value;
}

function wrong(name: string, want: string): AuditError {
  return new AuditError('OPTIONS_VALUE', { got: `an unusable ${name}`, want });
}
