import { MAX_WORKERS, isProducerName } from '@showcause/core';
import {
  finite,
  givenText,
  list,
  matching,
  members,
  object,
  oneOf,
  text,
  truth,
  whole,
  wrong,
} from './checks.ts';
import { AuditError } from './errors.ts';
import type { AuditOptions, CheckedOptions } from './options.ts';

const KNOWN: Readonly<Record<keyof AuditOptions, true>> = {
  producer: true,
  keys: true,
  spool: true,
  contact: true,
  workers: true,
  durability: true,
  onUnreplicated: true,
  replicationMs: true,
  clockToleranceSeconds: true,
  publishLag: true,
  transport: true,
  model: true,
  reasons: true,
  policy: true,
  counterfactuals: true,
  system: true,
  retention: true,
  pages: true,
  halt: true,
  passphrase: true,
  development: true,
  registrar: true,
  registrarPassphrase: true,
  sealing: true,
  heartbeatSeconds: true,
  mergeBySeconds: true,
  segmentBytes: true,
  maxSpoolBytes: true,
  minFreeBytes: true,
  reserveBytes: true,
  keepSegments: true,
  allowVolatileSpool: true,
  handleSignals: true,
};

const DAY_SECONDS = 86_400;
const MAX_SPOOL_BYTES = 8 * 2 ** 30;
/** 25 months, for which Regulation B wants applications and what was decided on them kept: 12 CFR 1002.12(b). */
const KEEP_DAYS = 762;
const PAGES = { base: '/decisions', tokenDays: 90 } as const;

/** @throws {AuditError} `OPTIONS_REQUIRED`, `OPTIONS_UNKNOWN`, `OPTIONS_VALUE`, naming the option */
export function checkOptions(options: AuditOptions): CheckedOptions {
  members('option', options ?? null, Object.keys(KNOWN));
  const producer: unknown = required(options, 'producer');
  if (typeof producer !== 'string' || !isProducerName(producer))
    throw wrong(
      'producer',
      'lower-case words of letters, digits and -, joined by /, at most 64 characters',
    );
  truth('workers', options.workers);
  if (options.workers === true && !isProducerName(`${producer}/${MAX_WORKERS - 1}`))
    throw wrong('producer', 'at most 60 characters, so that the number of a worker fits behind it');
  text('keys', required(options, 'keys'));
  text('spool', required(options, 'spool'));
  checkContact(required(options, 'contact'));
  checkTransport(options.transport);
  oneOf('durability', options.durability, ['local', 'replicated']);
  oneOf('onUnreplicated', options.onUnreplicated, ['refuse', 'local']);
  whole('replicationMs', options.replicationMs, 1, DAY_SECONDS * 1000);
  if (options.durability === 'replicated') checkReplicates(options.transport);
  checkModel(options.model);
  checkReasonOption(options);
  checkPolicy(options);
  checkCounterfactuals(options);
  checkStatements(options);
  checkKeys(options);
  checkHalt(options.halt);
  checkSpool(options);
  const { pages } = options;
  return {
    ...options,
    heartbeatSeconds: options.heartbeatSeconds ?? 60,
    mergeBySeconds: options.mergeBySeconds ?? DAY_SECONDS,
    segmentBytes: options.segmentBytes ?? 16 * 2 ** 20,
    maxSpoolBytes: options.maxSpoolBytes ?? MAX_SPOOL_BYTES,
    minFreeBytes: options.minFreeBytes ?? 64 * 2 ** 20,
    reserveBytes: options.reserveBytes ?? 4 * 2 ** 20,
    keepSegments: keepSegments(options),
    allowVolatileSpool: options.allowVolatileSpool ?? false,
    workers: options.workers ?? false,
    durability: options.durability ?? 'local',
    onUnreplicated: options.onUnreplicated ?? 'refuse',
    clockToleranceSeconds: options.clockToleranceSeconds ?? 60,
    publishLag: {
      alertSeconds: options.publishLag?.alertSeconds ?? 300,
      mostSeconds: options.publishLag?.mostSeconds ?? Infinity,
      mostBytes: options.publishLag?.mostBytes ?? Infinity,
    },
    replicationMs: options.replicationMs ?? 5_000,
    pages: {
      base: (pages?.base ?? PAGES.base).replace(/\/+$/, ''),
      tokenDays: pages?.tokenDays ?? PAGES.tokenDays,
    },
  };
}

function checkContact(contact: AuditOptions['contact']): void {
  members('contact', contact, ['name', 'url', 'email', 'phone']);
  const { name, url, email, phone } = contact;
  givenText('contact.name', name);
  if (url === undefined && email === undefined && phone === undefined)
    throw wrong('contact', 'url, email or phone: a person has to be reachable');
  matching('contact.url', url, /^https?:\/\/[^\s"'<>]{1,500}$/, 'an http(s) URL');
  matching('contact.email', email, /^[^\s@"'<>]{1,64}@[^\s@"'<>]{1,200}$/, 'an e-mail address');
  matching('contact.phone', phone, /^[^\p{C}<>]{1,64}$/u, 'a telephone number');
}

function checkTransport(transport: unknown): void {
  const want = 'what embedded({ dir }) or kafka({ … }) returns';
  object('transport', transport, want);
  if (transport === undefined) return;
  const { name, log, readsSpool, connect, publish, close } = transport as Record<string, unknown>;
  const works = [connect, publish, close].every((part) => typeof part === 'function');
  if (!works || typeof name !== 'string' || typeof readsSpool !== 'boolean')
    throw wrong('transport', want);
  if (typeof log !== 'object') throw wrong('transport', 'a log, or null where none is known');
}

/** @throws {AuditError} `OPTIONS_DURABILITY` where nobody but this disk would have the record */
export function checkReplicates(transport: AuditOptions['transport']): void {
  if (transport === undefined || transport.readsSpool)
    throw new AuditError('OPTIONS_DURABILITY', {
      got: transport === undefined ? 'no transport' : `the transport ${transport.name}`,
    });
}

function checkModel(model: unknown): void {
  const want = 'what treeModel({ … }) returns';
  object('model', model, want);
  if (model === undefined) return;
  const { row, predict, explain, featureNames, background, facts, loaded, outputs } =
    model as Record<string, unknown>;
  const works = [row, predict, explain].every((part) => typeof part === 'function');
  if (!works || !Number.isSafeInteger(outputs)) throw wrong('model', want);
  if (![facts, loaded].every((part) => typeof part === 'object' && part !== null))
    throw wrong('model', want);
  list('model.featureNames', featureNames ?? null, (name) => text('model.featureNames', name));
  list('model.background', background ?? null, () => undefined);
}

function checkReasonOption({ reasons, model }: AuditOptions): void {
  if (reasons === undefined) return;
  if (model === undefined)
    throw new AuditError('OPTIONS_REQUIRED', { got: 'reasons without model', want: 'model' });
  if (typeof reasons === 'string') return text('reasons', reasons);
  const want = 'a file name, or what parseReasonRegistry returns';
  object('reasons', reasons, want);
  const { id, version, labels, reasons: entries } = reasons as Partial<typeof reasons>;
  const stated = [id, version].every((part) => typeof part === 'string');
  if (!stated || !Array.isArray(entries) || typeof labels !== 'object')
    throw wrong('reasons', want);
}

function checkPolicy({ policy, model }: AuditOptions): void {
  object('policy', policy, '{ id, version, … }');
  if (policy === undefined) {
    if (model !== undefined)
      throw new AuditError('OPTIONS_REQUIRED', {
        got: 'model without policy',
        want: 'policy, which says what is adverse',
      });
    return;
  }
  givenText('policy.id', policy.id);
  givenText('policy.version', policy.version);
  oneOf('policy.measure', policy.measure, ['probability', 'score']);
  finite('policy.approveBelow', policy.approveBelow);
  finite('policy.approveAtLeast', policy.approveAtLeast);
  list('policy.adverse', policy.adverse, (outcome) => givenText('policy.adverse', outcome));
  list('policy.rules', policy.rules, checkRule);
  checkAccountable(policy.accountable);
  if (
    model !== undefined &&
    (policy.approveBelow === undefined) === (policy.approveAtLeast === undefined)
  )
    throw wrong('policy', 'exactly one of approveBelow and approveAtLeast, a finite number');
}

function checkCounterfactuals({ counterfactuals, model, policy }: AuditOptions): void {
  members('counterfactuals', counterfactuals, ['mutable', 'timeMs', 'queue']);
  if (counterfactuals === undefined) return;
  if (model === undefined || policy?.adverse === undefined)
    throw new AuditError('OPTIONS_REQUIRED', {
      got: 'counterfactuals without model or policy.adverse',
      want: 'model, and policy.adverse, which says whom they are for',
    });
  const { mutable, queue, timeMs } = counterfactuals;
  if (typeof mutable === 'string') text('counterfactuals.mutable', mutable);
  else object('counterfactuals.mutable', mutable ?? null, 'a file name, or the JSON of one');
  whole('counterfactuals.timeMs', timeMs, 1, 600_000);
  whole('counterfactuals.queue', queue, 1, 100_000);
}

function checkRule(rule: unknown): void {
  object('policy.rules', rule ?? null, '{ code, description }');
  const { code, description } = rule as Record<string, unknown>;
  givenText('policy.rules', code);
  givenText('policy.rules', description);
}

function checkAccountable(accountable: unknown): void {
  members('policy.accountable', accountable, ['team', 'role']);
  if (accountable === undefined) return;
  const { team, role } = accountable as Record<string, unknown>;
  givenText('policy.accountable.team', team);
  givenText('policy.accountable.role', role);
}

/** What is stated in every decision or on every page. */
function checkStatements({ system, retention, pages }: AuditOptions): void {
  members('system', system, ['name', 'version']);
  if (system !== undefined) {
    givenText('system.name', system.name);
    givenText('system.version', system.version);
  }
  members('retention', retention, ['class', 'retainUntil', 'legalHold']);
  if (retention !== undefined) {
    givenText('retention.class', retention.class);
    matching(
      'retention.retainUntil',
      retention.retainUntil,
      /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z)?$/,
      'a date, or a time of RFC 3339 in UTC',
    );
    truth('retention.legalHold', retention.legalHold);
  }
  members('pages', pages, ['base', 'tokenDays']);
  matching(
    'pages.base',
    pages?.base,
    /^(?:https?:\/\/[^\s"'<>?#/]+)?(?:\/[^\s"'<>?#]*)?$/,
    'a path or an http(s) URL, without query and fragment',
  );
  whole('pages.tokenDays', pages?.tokenDays, 1, 3650);
}

function checkKeys(options: AuditOptions): void {
  const { passphrase, development, registrar, registrarPassphrase } = options;
  text('passphrase', passphrase);
  truth('development', development);
  text('registrar', registrar);
  text('registrarPassphrase', registrarPassphrase);
  if (development === true && registrar === undefined)
    throw new AuditError('OPTIONS_REQUIRED', {
      got: 'development without registrar',
      want: "registrar: the registrar's key folder",
    });
  if (registrar !== undefined && development !== true)
    throw wrong(
      'registrar',
      'development: true beside it; in production the registrar signs elsewhere',
    );
}

function checkHalt(halt: AuditOptions['halt']): void {
  members('halt', halt, ['source', 'maxAgeMs', 'pollMs']);
  if (halt === undefined) return;
  const want = '{ halted(): Promise<boolean> }';
  object('halt.source', halt.source ?? null, want);
  if (typeof (halt.source as { halted?: unknown }).halted !== 'function')
    throw wrong('halt.source', want);
  whole('halt.maxAgeMs', halt.maxAgeMs, 1, DAY_SECONDS * 1000);
  whole('halt.pollMs', halt.pollMs, 1, DAY_SECONDS * 1000);
}

function checkSpool(options: AuditOptions): void {
  oneOf('sealing', options.sealing, ['worker', 'inline']);
  whole('heartbeatSeconds', options.heartbeatSeconds, 1, DAY_SECONDS);
  whole('mergeBySeconds', options.mergeBySeconds, 1, DAY_SECONDS);
  whole('segmentBytes', options.segmentBytes, 4096, 2 ** 30);
  whole('maxSpoolBytes', options.maxSpoolBytes, 65_536, Number.MAX_SAFE_INTEGER);
  whole('minFreeBytes', options.minFreeBytes, 0, Number.MAX_SAFE_INTEGER);
  whole('reserveBytes', options.reserveBytes, 0, 2 ** 30);
  checkKeep(options.keepSegments);
  whole('clockToleranceSeconds', options.clockToleranceSeconds, 1, 365 * DAY_SECONDS);
  members('publishLag', options.publishLag, ['alertSeconds', 'mostSeconds', 'mostBytes']);
  const { alertSeconds, mostSeconds, mostBytes } = options.publishLag ?? {};
  whole('publishLag.alertSeconds', alertSeconds, 1, 365 * DAY_SECONDS);
  whole('publishLag.mostSeconds', mostSeconds, 1, 365 * DAY_SECONDS);
  whole('publishLag.mostBytes', mostBytes, 65_536, Number.MAX_SAFE_INTEGER);
  truth('allowVolatileSpool', options.allowVolatileSpool);
  truth('handleSignals', options.handleSignals);
}

function checkKeep(keep: AuditOptions['keepSegments']): void {
  if (keep === undefined || keep === 'all') return;
  members('keepSegments', keep, ['days', 'bytes']);
  whole('keepSegments.days', keep.days, 1, 36_500);
  whole('keepSegments.bytes', keep.bytes, 0, Number.MAX_SAFE_INTEGER);
}

/** A page has to work as long as its code does. */
function keepSegments({
  keepSegments: keep = {},
  maxSpoolBytes = MAX_SPOOL_BYTES,
  pages,
}: AuditOptions): CheckedOptions['keepSegments'] {
  if (keep === 'all') return keep;
  return {
    days: keep.days ?? Math.max(KEEP_DAYS, pages?.tokenDays ?? PAGES.tokenDays),
    bytes: keep.bytes ?? Math.floor(maxSpoolBytes / 2),
  };
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
