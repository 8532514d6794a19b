import type { ErrorRequestHandler } from 'express';
import type { Contact } from '../options.ts';
import { problem, problemOf, sendProblem } from '../problems.ts';
import { noteFailure } from './failures.ts';

export interface ProblemHandlerOptions {
  /**
   * given every error that has no problem of its own, for which 500 is answered, and those of a selector that threw:
   * whether request or selector is to blame only its author can tell
   */
  onError?: (error: unknown) => void;
}

/** Express error handler: RFC 9457 problems; a message of an error is never told. */
export function problemHandler(
  contact: Contact,
  { onError }: ProblemHandlerOptions = {},
): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    noteFailure(res, error);
    if (res.headersSent) return next(error);
    const known = problemOf(error);
    if (known?.code === 'REQUEST_UNREADABLE') onError?.(error);
    if (known !== null) return sendProblem(res, known, contact);
    if (onError === undefined) return next(error);
    onError(error);
    sendProblem(res, problem(500, 'INTERNAL'), contact);
  };
}
