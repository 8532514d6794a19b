import { ServiceError } from '../errors.ts';
import type { ServiceErrorCode } from '../errors.ts';
import type { Store } from '../ports.ts';
import type { PackedChange } from './packed-change.ts';

/** What the thread of a store is started with. */
export interface StoreThreadStart {
  path: string;
}

/** A call of the port; `commit` takes its change packed. */
export interface StoreCall {
  id: number;
  method: keyof Store;
  values: readonly unknown[] | readonly [PackedChange];
}

export type StoreAnswer = { id: number; value: unknown } | { id: number; failure: CarriedFailure };

/** The answer to having been started. */
export const STARTED = 0;

/** A coded error without its cause, which may hold what no other thread can be given. */
export interface CarriedFailure {
  code: ServiceErrorCode;
  got: string;
  want?: string;
}

export function carried(error: unknown): CarriedFailure {
  if (!(error instanceof ServiceError)) return { code: 'STORE_FAILED', got: nameOf(error) };
  const { code, got, want } = error;
  return { code, got, ...(want === undefined ? {} : { want }) };
}

/** Its code, else its kind: a message may hold values. */
export function nameOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return (
    ([code, name].find((one) => typeof one === 'string' && one !== '') as string | undefined) ??
    'an error'
  );
}

export function failureOf({ code, ...facts }: CarriedFailure): ServiceError {
  return new ServiceError(code, facts);
}
