import { ServiceError } from '../errors.ts';
import type { ServiceErrorCode } from '../errors.ts';

/** A call of a port that another thread answers. */
export interface Call {
  id: number;
  method: string;
  values: readonly unknown[];
}

export type Answer = { id: number; value: unknown } | { id: number; failure: CarriedFailure };

/** The answer to having been started. */
export const STARTED = 0;
/** The last call: the thread ends when it is answered. */
export const CLOSE = 'close';

/** An error without its cause, which may hold what no other thread can be given: a coded one, or one of the system's. */
export type CarriedFailure =
  | { code: ServiceErrorCode; got: string; want?: string }
  | { system: string | null; message: string };

export function carried(error: unknown): CarriedFailure {
  if (error instanceof ServiceError) {
    const { code, got, want } = error;
    return { code, got, ...(want === undefined ? {} : { want }) };
  }
  const { code } = (error ?? {}) as { code?: unknown };
  return { system: typeof code === 'string' ? code : null, message: nameOf(error) };
}

/** Its code, else its kind: a message may hold values. */
export function nameOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return (
    ([code, name].find((one) => typeof one === 'string' && one !== '') as string | undefined) ??
    'an error'
  );
}

export function failureOf(failure: CarriedFailure): Error {
  if ('code' in failure) {
    const { code, ...facts } = failure;
    return new ServiceError(code, facts);
  }
  const { system, message } = failure;
  return Object.assign(new Error(message), system === null ? {} : { code: system });
}
