import { callable, members, oneOf, text, whole } from '../checks.ts';
import type { RouteOptions } from './types.ts';

/** The options of a route whose types are its own business. */
export type AnyRouteOptions = RouteOptions<unknown, unknown, unknown, unknown>;

const KNOWN: Readonly<Record<keyof AnyRouteOptions, true>> = {
  subject: true,
  features: true,
  outcome: true,
  onUnloggable: true,
  onUnexplained: true,
  durability: true,
  onUnreplicated: true,
  onHalt: true,
  name: true,
  timeoutMs: true,
  maxBodyBytes: true,
  streaming: true,
};

/** The longest that a timer can wait. */
const MOST_MS = 2 ** 31 - 1;

/** @throws {AuditError} `OPTIONS_UNKNOWN`, `OPTIONS_VALUE` */
export function checkRouteOptions(options: object): void {
  members('route option', options ?? null, Object.keys(KNOWN));
  const route = options as AnyRouteOptions;
  callable('subject', route.subject);
  callable('features', route.features);
  callable('outcome', route.outcome);
  oneOf('onUnloggable', route.onUnloggable, ['refuse', 'release']);
  oneOf('onUnexplained', route.onUnexplained, ['refer', 'hold', 'release']);
  oneOf('durability', route.durability, ['local', 'replicated']);
  oneOf('onUnreplicated', route.onUnreplicated, ['refuse', 'local']);
  oneOf('onHalt', route.onHalt, ['refuse', 'refer']);
  text('name', route.name);
  whole('timeoutMs', route.timeoutMs, 1, MOST_MS);
  whole('maxBodyBytes', route.maxBodyBytes, 1, 2 ** 30);
  oneOf('streaming', route.streaming, ['auto', 'never']);
}
