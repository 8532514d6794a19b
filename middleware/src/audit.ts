import { parseVkey } from '@showcause/core';
import type { JsonObject } from '@showcause/core';
import type { Receipt } from '@showcause/core';
import type { ErrorRequestHandler } from 'express';
import { adoptsNothing, startAdoption } from './adoption.ts';
import type { Adoption, AdoptionParts, AdoptionStatus } from './adoption.ts';
import { watchBacklog } from './backlog.ts';
import type { Backlog } from './backlog.ts';
import { codeOf, isAdverse } from './decision.ts';
import { AuditError } from './errors.ts';
import { InFlight } from './express/in-flight.ts';
import { auditRoute } from './express/route.ts';
import type { RouteContext } from './express/route.ts';
import type {
  AnyRouteHandler,
  RequestHandler,
  RouteBody,
  RouteOptions,
  RouteParams,
  RouteQuery,
} from './express/types.ts';
import { problemHandler } from './express/problem-handler.ts';
import type { ProblemHandlerOptions } from './express/problem-handler.ts';
import { deploymentFacts } from './identity/facts.ts';
import { explainLater } from './counterfactuals/later.ts';
import type { ExplanationsStatus, LaterExplanations } from './counterfactuals/later.ts';
import { counterfactualSettings } from './counterfactuals/options.ts';
import type { CounterfactualSettings } from './counterfactuals/options.ts';
import { findDeployment } from './identity/deployment.ts';
import { loadIdentity, requireType } from './identity/identity.ts';
import type { ProducerIdentity } from './identity/identity.ts';
import { eraseElsewhere } from './keystore/erasures.ts';
import { pseudonymOf } from './keystore/records.ts';
import { checkReasons, readRegistry } from './model/reasons.ts';
import { checkOptions } from './check-options.ts';
import { watchHalt } from './halt.ts';
import type { HaltStatus, HaltWatch } from './halt.ts';
import type { AuditOptions, CheckedOptions } from './options.ts';
import { keepsEverything, startHousekeeping } from './receipts/housekeeping.ts';
import type { Housekeeping, HousekeepingStatus } from './receipts/housekeeping.ts';
import { LogScan } from './receipts/log-scan.ts';
import { replicationOf } from './replicas.ts';
import type { Replication, ReplicationStatus } from './replicas.ts';
import { receiptMaker } from './receipts/receipts.ts';
import type { ReceiptMaker } from './receipts/receipts.ts';
import { decisionRouter } from './router/router.ts';
import type { SealingConfig, SealingStatus } from './sealing/config.ts';
import { openSealer } from './sealing/open.ts';
import type { Durable, Sealer } from './sealing/sealer.ts';
import { nodeDisk } from './spool/disk.ts';
import type { Disk } from './spool/disk.ts';
import { placeOf, placesBeside } from './spool/places.ts';
import { openTelemetry } from './telemetry.ts';
import type { Telemetry } from './telemetry.ts';
import type { Transport } from './transports/port.ts';
import { startPublisher } from './transports/publisher.ts';
import type { Publisher, PublisherStatus } from './transports/publisher.ts';
import { inTurns } from './transports/turns.ts';
import { configAt, openPlace } from './workers.ts';
import { wrapDecision } from './wrap.ts';
import type { Wrapped, WrapInput, WrapOptions } from './wrap.ts';

/** What happens after a decision: a review, notice, contest, correction, incomplete delivery. */
export interface Followup {
  kind: string;
  people?: unknown;
  outcome?: unknown;
  detail?: unknown;
}

/** Health, in the audit's own words. `ready` is false when decisions would be refused. */
export interface AuditStatus {
  ready: boolean;
  producer: string;
  deployment: string;
  epoch: number;
  spool: {
    bytes: number;
    /** of its disk */
    freeBytes: number;
    /** held back for the end of the stream on a full disk */
    reserved: number;
    /** true when records are refused for want of room */
    full: boolean;
    poisoned: boolean;
    /** code of what ended it: an error of the disk, `SPOOL_LOCKED`, `EPOCH_FENCED`; or null */
    poison: string | null;
    alarms: number;
  };
  open: number;
  inFlight: number;
  unlogged: number;
  transport: PublisherStatus;
  replication: ReplicationStatus;
  /** old segments removed since the spool was begun, and why the log could not be used for it at the last look */
  housekeeping: HousekeepingStatus;
  /** spools of workers that are gone */
  beside: AdoptionStatus;
  /** null where nobody can halt */
  halt: HaltStatus | null;
  /** entries that follow their decisions; null where none do */
  explanations: ExplanationsStatus | null;
}

/** The audit of one process. */
export interface Audit {
  /** `audit()` is `audit.route()` without selectors. */
  (): AnyRouteHandler;
  /**
   * Records one route; mount it before the handler. Without selectors the route's types are what its
   * path and handler make them; selectors see express's defaults unless they are given types.
   */
  route(): AnyRouteHandler;
  route<P = RouteParams, ResBody = RouteBody, ReqBody = RouteBody, Query = RouteQuery>(
    options?: RouteOptions<P, ResBody, ReqBody, Query>,
  ): RequestHandler<P, ResBody, ReqBody, Query>;
  /** The same without Express: runs `decide` and returns its output once recorded. */
  wrap<Input, Output>(
    options: WrapOptions<Input, Output>,
    input: WrapInput<Input>,
    decide: (input: Input, decision: Wrapped) => Promise<Output> | Output,
  ): Promise<{ output: Output; decisionId: string; receipt: string | null }>;
  /** The pages of decisions, their JSON twins and receipts; mount it at `pages.base`. */
  router(): RequestHandler;
  /** Error handler: RFC 9457 problems for what the audit refuses; the rest is passed on unless `onError` is given. */
  problems(options?: ProblemHandlerOptions): ErrorRequestHandler;
  /** Records what happened later; durable and promised when it resolves. */
  append(decisionId: string, followup: Followup): Promise<Durable>;
  /** The receipt of a decision as it stands now: with proof and anchor once the log has them. */
  receipt(decisionId: string): Promise<Receipt | null>;
  /**
   * Destroys all keys of a person, those of other workers too. Returns how many.
   * @throws {AuditError} `ERASURE_PENDING` when another worker has not done its part yet: it will
   */
  eraseSubject(subject: string): Promise<number>;
  status(): AuditStatus;
  /** Lets requests in flight finish, ends the stream and releases the spool. @param timeoutMs how long to wait for them; 30 s by default */
  close(timeoutMs?: number): Promise<void>;
}

const DRAIN_MS = 30_000;
/** How long searches go on once the audit closes. */
const EXPLAIN_MS = 5_000;

/**
 * Opens an audit: checks the options, finds the registrar's signature over this deployment, locks
 * and recovers the spool, starts an epoch. Nothing is recorded before it resolves.
 * @throws {AuditError} `OPTIONS_*`, `KEYS_*`, `DEPLOYMENT_*`, `SPOOL_*`
 */
export async function createAudit(options: AuditOptions): Promise<Audit> {
  const checked = checkOptions(options);
  const registry = checked.reasons === undefined ? null : readRegistry(checked.reasons);
  if (registry !== null && checked.model !== undefined)
    checkReasons(registry, checked.model, checked.policy);
  const identity = loadIdentity(checked.keys, checked.producer, checked.passphrase);
  const counterfactuals = counterfactualSettings(checked);
  if (counterfactuals !== null) requireType(identity, 'explanation');
  const facts = deploymentFacts(checked, registry, counterfactuals?.facts ?? null);
  const registrar =
    checked.development === true && checked.registrar !== undefined
      ? { dir: checked.registrar, passphrase: checked.registrarPassphrase }
      : null;
  const deployment = findDeployment(
    checked.keys,
    checked.producer,
    facts,
    identity,
    registrar,
    Date.now(),
  );
  const shared = sealingConfig(checked, identity, deployment.entry, deployment.hash);
  const openSealerAt = (config: SealingConfig): Promise<Sealer> =>
    openSealer(config, checked.sealing ?? null, { disk: nodeDisk, now: Date.now });
  const place = await openPlace(nodeDisk, shared, checked.workers, openSealerAt);
  const parts = { options: checked, identity, registry, counterfactuals, ...place, openSealerAt };
  return assembleAudit({ ...parts, now: Date.now });
}

/** What the sealing thread is given. */
export function sealingConfig(
  options: CheckedOptions,
  identity: ProducerIdentity,
  deployment: Uint8Array,
  deploymentHash: string,
): SealingConfig {
  const family = { name: options.producer, root: options.spool, keys: options.keys };
  const { producer, dir, keyFile } = placeOf(family, null);
  return {
    producer,
    logId: identity.logId,
    producerKey: identity.producerKey,
    storeKey: identity.storeKey,
    keyFile,
    spoolDir: dir,
    family,
    deployment: deploymentHash,
    registrations: [identity.keyEntry, deployment],
    featureNames: options.model?.featureNames ?? [],
    people: JSON.stringify(
      options.policy?.accountable === undefined
        ? null
        : { accountable: options.policy.accountable },
    ),
    retention: JSON.stringify(options.retention ?? null),
    heartbeatSeconds: options.heartbeatSeconds,
    mergeBySeconds: options.mergeBySeconds,
    segmentBytes: options.segmentBytes,
    maxSpoolBytes: options.maxSpoolBytes,
    minFreeBytes: options.minFreeBytes,
    reserveBytes: options.reserveBytes,
    allowVolatileSpool: options.allowVolatileSpool,
    clockToleranceSeconds: options.clockToleranceSeconds,
  };
}

export interface AuditParts {
  options: CheckedOptions;
  identity: ProducerIdentity;
  registry: RouteContext['registry'];
  counterfactuals: CounterfactualSettings | null;
  config: SealingConfig;
  sealer: Sealer;
  now: () => number;
  /** codes of the places that could not be opened before this one */
  passedOver?: readonly string[];
  /** where the spool lies; the real disk by default */
  disk?: Disk;
  /** opens the spools of workers that are gone; without it they stay as they are */
  openSealerAt?: (config: SealingConfig) => Promise<Sealer>;
  adoption?: Pick<AdoptionParts, 'everyMs' | 'afterMs'>;
  /** from one time that explanation entries go to the next */
  beatMs?: number;
}

/** Puts an audit together around an open sealer. */
export async function assembleAudit(parts: AuditParts): Promise<Audit> {
  const { options, identity, config, sealer } = parts;
  let known: SealingStatus = await sealer.status();
  let late = (): Pick<PublisherStatus, 'behind' | 'lagSeconds'> => ({ behind: 0, lagSeconds: 0 });
  const telemetry = openTelemetry(() => ({ ...known, ...late() }));
  for (const alarm of known.alarms) telemetry.alarm(alarm.code);
  for (const code of parts.passedOver ?? []) telemetry.alarm(code);
  const inFlight = new InFlight();
  const halt = watchHalt(options.halt);
  await halt.ready;
  const disk = parts.disk ?? nodeDisk;
  const transport = options.transport === undefined ? null : inTurns(options.transport);
  const publisher = startPublisher({ config, transport, sealer, telemetry, disk });
  late = () => publisher.status();
  const backlog = watchBacklog({
    publisher,
    limits: options.publishLag,
    onAlarm: (code) => telemetry.alarm(code),
  });
  const append = (
    decisionId: string,
    followup: Followup | Record<string, unknown>,
  ): Promise<Durable> =>
    sealer.seal({
      kind: 'followup',
      decisionId,
      stated: JSON.stringify({ at: new Date(parts.now()).toISOString(), ...followup }),
    });
  const { epoch } = known;
  const replication = replicationOf({ options, publisher, telemetry, append, epoch });
  const later = laterOf(parts, sealer, telemetry);
  const context: RouteContext = {
    later,
    sealer: backlog.guard(sealer),
    telemetry,
    model: options.model ?? null,
    registry: parts.registry,
    policy: options.policy ?? null,
    pages: options.pages,
    now: parts.now,
    contact: options.contact,
    inFlight,
    append,
    halted: () => halt.halted(),
    replicas: (wanted) => replication.of(wanted),
    releasing: releasingOnce(sealer, telemetry, parts.now),
  };
  const adoption = adoptionOf(parts, transport, telemetry);
  const receipts = receiptMaker(identity, transport?.log ?? null, sealer);
  sealer.onCommit((status) => (known = status));
  const housekeeping = housekeepingOf(parts, (code) => telemetry.alarm(code));
  const close = closer(inFlight, later, sealer, publisher, halt, housekeeping, adoption, backlog);
  const audit = Object.assign(() => auditRoute(context, {}), {
    route: ((route = {}) => auditRoute(context, route)) as Audit['route'],
    wrap: (wrapOptions, input, decide) => wrapDecision(context, wrapOptions, input, decide),
    router: () => decisionRouter({ context, receipts }),
    problems: (handler?: ProblemHandlerOptions) => problemHandler(options.contact, handler),
    append,
    receipt: async (decisionId: string) => {
      const recorded = await receipts.recorded(decisionId);
      return recorded === null ? null : (await receipts.known(recorded)).receipt;
    },
    async eraseSubject(subject: string) {
      const { family, spoolDir, storeKey } = config;
      later?.forget(subject);
      const own = await sealer.eraseSubject(subject);
      const beside = placesBeside(disk, family, spoolDir);
      return own + (await eraseElsewhere(disk, beside, pseudonymOf(storeKey, subject), storeKey));
    },
    status: () =>
      auditStatus({
        config,
        known,
        inFlight,
        publisher,
        replication,
        backlog,
        halt,
        housekeeping,
        adoption,
        later,
      }),
    close,
  } satisfies Partial<Audit>) as Audit;
  if (options.handleSignals === true) closeOnSignals(close);
  return audit;
}

function laterOf(
  { beatMs, config, counterfactuals, now, options }: AuditParts,
  sealer: Sealer,
  telemetry: Telemetry,
): LaterExplanations | null {
  if (counterfactuals === null) return null;
  const { policy = null } = options;
  return explainLater({
    settings: counterfactuals,
    sealer,
    telemetry,
    deployment: config.deployment,
    isAdverse: (outcome) => isAdverse(policy, outcome),
    now,
    beatMs,
  });
}

/** What the worker of another spool left without its explanation; null where none follows a decision. */
function explainLeft(
  parts: AuditParts,
  telemetry: Telemetry,
): ((sealer: Sealer) => Promise<number>) | null {
  if (parts.counterfactuals === null) return null;
  return async (sealer) => {
    const later = laterOf(parts, sealer, telemetry);
    await later?.close(EXPLAIN_MS);
    return later?.status().waiting ?? 0;
  };
}

/** Without a log to look into nothing is ever removed. */
function housekeepingOf(
  { options, identity, config, now, disk = nodeDisk }: AuditParts,
  onFailure: (code: string) => void,
): Housekeeping {
  const log = options.transport?.log ?? null;
  const { keepSegments: keep } = options;
  if (log === null || keep === 'all') return keepsEverything;
  const { genesisEntry, logId } = identity;
  const known = { origin: genesisEntry.origin, verifiers: [parseVkey(genesisEntry.log)], logId };
  return startHousekeeping({
    disk,
    dir: config.spoolDir,
    logId,
    keep,
    scan: (from) => new LogScan(log, known, from),
    now,
    onFailure,
  });
}

function adoptionOf(
  parts: AuditParts,
  transport: Transport | null,
  telemetry: Telemetry,
): Adoption {
  const { config, openSealerAt, disk = nodeDisk, adoption, passedOver = [] } = parts;
  if (openSealerAt === undefined) return adoptsNothing;
  return startAdoption({
    disk,
    family: config.family,
    own: config.spoolDir,
    open: (place) => openSealerAt(configAt(config, place)),
    explain: explainLeft(parts, telemetry),
    transport: transport?.readsSpool === false ? transport : null,
    published: (messages) => telemetry.published(messages),
    onFailure: (code) => telemetry.alarm(code),
    passedOver,
    ...adoption,
  });
}

/** Said once; when the disk did not take it, again the next time. */
function releasingOnce(
  sealer: Sealer,
  telemetry: Telemetry,
  now: () => number,
): RouteContext['releasing'] {
  let said: Promise<void> | null = null;
  return () =>
    (said ??= sealer.seal({ kind: 'releasing', at: now() }).then(
      () => undefined,
      (error: unknown) => {
        said = null;
        telemetry.unloggable(codeOf(error));
      },
    ));
}

function auditStatus({
  config,
  known,
  inFlight,
  publisher,
  replication,
  backlog,
  halt,
  housekeeping,
  adoption,
  later,
}: {
  config: SealingConfig;
  known: SealingStatus;
  inFlight: InFlight;
  publisher: Publisher;
  replication: Replication;
  backlog: Backlog;
  halt: HaltWatch;
  housekeeping: Housekeeping;
  adoption: Adoption;
  later: LaterExplanations | null;
}): AuditStatus {
  const isWriting = !known.poisoned && !known.full && !inFlight.draining;
  return {
    ready:
      isWriting &&
      !known.regressed &&
      !halt.halted() &&
      !backlog.refuses &&
      !replication.refusesNow(),
    producer: config.producer,
    deployment: config.deployment,
    epoch: known.epoch,
    spool: {
      bytes: known.spoolBytes,
      freeBytes: known.freeBytes,
      reserved: known.reserved,
      full: known.full,
      poisoned: known.poisoned,
      poison: known.poison,
      alarms: known.alarms.length,
    },
    open: known.open,
    inFlight: inFlight.count,
    unlogged: known.unlogged,
    transport: publisher.status(),
    replication: replication.status(),
    housekeeping: housekeeping.status(),
    beside: adoption.status(),
    halt: halt.status(),
    explanations: later?.status() ?? null,
  };
}

function closer(
  inFlight: InFlight,
  later: LaterExplanations | null,
  sealer: Sealer,
  publisher: Publisher,
  halt: HaltWatch,
  housekeeping: Housekeeping,
  adoption: Adoption,
  backlog: Backlog,
): (timeoutMs?: number) => Promise<void> {
  let closing: Promise<void> | null = null;
  return (timeoutMs = DRAIN_MS) => {
    closing ??= (async () => {
      inFlight.draining = true;
      const patience = new AbortController();
      await Promise.race([inFlight.idle(), delay(timeoutMs, patience.signal)]);
      patience.abort();
      halt.close();
      await later?.close(EXPLAIN_MS);
      // Before the lock is another's.
      housekeeping.close();
      backlog.close();
      await adoption.close();
      await sealer.close();
      await publisher.close();
    })();
    return closing;
  };
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
}

/** Ends the process once the audit is closed; a second signal ends it at once. */
function closeOnSignals(close: () => Promise<void>): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      close().then(
        () => process.kill(process.pid, signal),
        () => process.exit(1),
      );
    });
}

export type { JsonObject, ReceiptMaker };
export { AuditError };
