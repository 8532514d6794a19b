import type { AdoptionParts } from '../adoption.ts';
import { watchBacklog } from '../backlog.ts';
import type { CounterfactualSettings } from '../counterfactuals/options.ts';
import { InFlight } from '../express/in-flight.ts';
import { problemHandler } from '../express/problem-handler.ts';
import type { ProblemHandlerOptions } from '../express/problem-handler.ts';
import { auditRoute } from '../express/route.ts';
import type { RouteContext } from '../express/route.ts';
import { watchHalt } from '../halt.ts';
import type { ProducerIdentity } from '../identity/identity.ts';
import { eraseElsewhere } from '../keystore/erasures.ts';
import { pseudonymOf } from '../keystore/records.ts';
import type { CheckedOptions } from '../options.ts';
import { receiptMaker } from '../receipts/receipts.ts';
import { replicationOf } from '../replicas.ts';
import { decisionRouter } from '../router/router.ts';
import type { SealingConfig, SealingStatus } from '../sealing/config.ts';
import type { Durable, Sealer } from '../sealing/sealer.ts';
import { nodeDisk } from '../spool/disk.ts';
import type { Disk } from '../spool/disk.ts';
import { placesBeside } from '../spool/places.ts';
import { openTelemetry } from '../telemetry.ts';
import { startPublisher } from '../transports/publisher.ts';
import type { PublisherStatus } from '../transports/publisher.ts';
import { inTurns } from '../transports/turns.ts';
import { wrapDecision } from '../wrap.ts';
import { closer, closeOnSignals } from './closing.ts';
import type { Followup, Audit } from './face.ts';
import { laterOf, housekeepingOf, adoptionOf } from './followers.ts';
import { releasingOnce } from './releasing.ts';
import { auditStatus } from './status.ts';

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
