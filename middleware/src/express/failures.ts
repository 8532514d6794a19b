import type { ServerResponse } from 'node:http';
import { codeOf } from '../decision.ts';

/** The error that a response answers, as the record names it. */
export interface Failure {
  name: string | null;
  code: string | null;
}

const failures = new WeakMap<ServerResponse, Failure>();

/** Notes which error a response answers: its class and code, never its message. */
export function noteFailure(res: ServerResponse, error: unknown): void {
  failures.set(res, { name: error instanceof Error ? error.name : null, code: codeOf(error) });
}

export function failureOf(res: ServerResponse): Failure | null {
  return failures.get(res) ?? null;
}
