import { AuditError } from '../errors.ts';
import type { RouteOptions } from './types.ts';

/** The options of a route whose types are its own business. */
export type AnyRouteOptions = RouteOptions<unknown, unknown, unknown, unknown>;

const ROUTE_OPTIONS: readonly (keyof AnyRouteOptions)[] = [
  'subject',
  'features',
  'outcome',
  'onUnloggable',
  'onUnexplained',
  'name',
  'timeoutMs',
  'maxBodyBytes',
  'streaming',
];

/** @throws {AuditError} `OPTIONS_UNKNOWN`, `OPTIONS_VALUE` */
export function checkRouteOptions(options: object): void {
  const stray = Object.keys(options).find(
    (name) => !(ROUTE_OPTIONS as readonly string[]).includes(name),
  );
  if (stray !== undefined)
    throw new AuditError('OPTIONS_UNKNOWN', {
      got: `route option ${stray}`,
      want: ROUTE_OPTIONS.join(', '),
    });
  const { onUnloggable, onUnexplained, streaming, timeoutMs } = options as AnyRouteOptions;
  oneOf('onUnloggable', onUnloggable, ['refuse', 'release']);
  oneOf('onUnexplained', onUnexplained, ['refer', 'hold', 'release']);
  oneOf('streaming', streaming, ['auto', 'never']);
  if (timeoutMs !== undefined && !(Number.isSafeInteger(timeoutMs) && timeoutMs > 0))
    throw new AuditError('OPTIONS_VALUE', {
      got: 'an unusable timeoutMs',
      want: 'milliseconds above 0',
    });
}

function oneOf(name: string, value: string | undefined, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value))
    throw new AuditError('OPTIONS_VALUE', {
      got: `an unusable ${name}`,
      want: allowed.join(' or '),
    });
}
