import { fromHex } from '@showcause/core';
import type { Hash } from '@showcause/core';
import type { Request } from 'express';
import { ServiceError } from '../errors.ts';

/** Refuses parameters that the operation does not have: a mistyped one must not be ignored. @throws `REQUEST_MALFORMED` */
export function checkParameters(request: Request, names: readonly string[]): void {
  const stray = Object.keys(request.query).find((name) => !names.includes(name));
  if (stray !== undefined)
    throw new ServiceError('REQUEST_MALFORMED', {
      got: 'an unknown parameter',
      want: names.join(', ') || 'none',
    });
}

/** A whole number below 2^53 in its one spelling. @throws `REQUEST_MALFORMED` */
export function parseCount(text: unknown, name: string): number {
  if (
    typeof text !== 'string' ||
    !/^(0|[1-9][0-9]{0,15})$/.test(text) ||
    !Number.isSafeInteger(Number(text))
  )
    throw new ServiceError('REQUEST_MALFORMED', {
      got: `another ${name}`,
      want: 'a whole number below 2^53',
    });
  return Number(text);
}

export function optionalCount(request: Request, name: string): number | null {
  const text = request.query[name];
  return text === undefined ? null : parseCount(text, name);
}

/** @throws `REQUEST_MALFORMED`, `BYTES_*` */
export function parseHash(text: unknown, name: string): Hash {
  if (typeof text !== 'string')
    throw new ServiceError('REQUEST_MALFORMED', { got: `another ${name}`, want: '64 hex digits' });
  return fromHex(text, 32);
}
