/** How the system under test is put together. */
export const configurations = [
  'embedded',
  'small-disks',
  'kafka-sqlite',
  'kafka-postgres',
  'three-brokers',
] as const;
export type Configuration = (typeof configurations)[number];

/** What each fault is done to; the lists are what a plan draws from. */
const links = ['app-broker', 'service-broker'] as const;

interface Row {
  /** how often a round does it to each configuration */
  readonly times: Partial<Readonly<Record<Configuration, number>>>;
  readonly targets: Partial<Readonly<Record<Configuration, readonly string[]>>> | readonly string[];
}

/**
 * Every fault with the number of trials in one round. Together a round is the CI column of the test plan: 100 kills of
 * the app, 100 of the service, 10 of a broker, 10 freezes, 100 of the network, 10 of PostgreSQL, 9 full disks, 100
 * failed syncs, 50 flipped bits, 6 clock jumps, 3 storms of duplicates.
 */
export const catalogue = {
  'kill-app': {
    times: { embedded: 60, 'kafka-sqlite': 15, 'kafka-postgres': 15, 'three-brokers': 10 },
    targets: ['by-time', 'by-time', 'before-sync', 'after-sync'],
  },
  'kill-service': {
    times: { embedded: 60, 'kafka-sqlite': 15, 'kafka-postgres': 15, 'three-brokers': 10 },
    targets: ['by-time', 'by-time', 'before-sync', 'after-sync'],
  },
  'kill-broker': {
    times: { 'kafka-sqlite': 3, 'kafka-postgres': 2, 'three-brokers': 5 },
    targets: ['leader', 'leader', 'any'],
  },
  freeze: {
    times: { embedded: 4, 'kafka-sqlite': 2, 'kafka-postgres': 2, 'three-brokers': 2 },
    targets: {
      embedded: ['app', 'service'],
      'kafka-sqlite': ['app', 'service', 'broker'],
      'kafka-postgres': ['app', 'service', 'broker'],
      'three-brokers': ['broker'],
    },
  },
  network: {
    times: { 'kafka-sqlite': 40, 'kafka-postgres': 60 },
    targets: {
      'kafka-sqlite': links,
      'kafka-postgres': [...links, 'service-postgres', 'service-postgres'],
    },
  },
  postgres: { times: { 'kafka-postgres': 10 }, targets: ['kill', 'immediate-shutdown'] },
  'disk-full': { times: { 'small-disks': 9 }, targets: ['spool', 'store', 'log'] },
  'sync-error': {
    times: { embedded: 60, 'kafka-sqlite': 20, 'kafka-postgres': 20 },
    targets: {
      embedded: ['app', 'service'],
      'kafka-sqlite': ['app', 'service'],
      'kafka-postgres': ['app', 'service'],
    },
  },
  'bit-flip': {
    times: { embedded: 50 },
    targets: [
      'spool-segment',
      'spool-epoch',
      'spool-index',
      'subject-keys',
      'producer-key',
      'producer-entries',
      'store',
      'signed-mark',
      'service-key',
      'bundle',
      'tile',
      'checkpoint',
    ],
  },
  'clock-jump': {
    times: { embedded: 3, 'kafka-sqlite': 3 },
    targets: ['app', 'service', 'both'],
  },
  'duplicate-storm': {
    times: { 'kafka-sqlite': 2, 'kafka-postgres': 1 },
    targets: ['republish'],
  },
} as const satisfies Record<string, Row>;

export type Fault = keyof typeof catalogue;
export const faults = Object.keys(catalogue) as Fault[];

/** Trials of one round. */
export function timesOf(fault: Fault, configuration: Configuration): number {
  const { times }: Row = catalogue[fault];
  return times[configuration] ?? 0;
}

export function targetsOf(fault: Fault, configuration: Configuration): readonly string[] {
  const { targets }: Row = catalogue[fault];
  const here = (targets as Partial<Record<Configuration, readonly string[]>>)[configuration];
  return here ?? (targets as readonly string[]);
}
