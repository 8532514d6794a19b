import { ServiceError } from '../errors.ts';
import type { ServiceErrorCode } from '../errors.ts';

/** Classes of SQLSTATE (PostgreSQL, appendix A) whose messages hold names of objects and roles, never a row's values. */
const plainClasses: readonly string[] = ['08', '28', '3D', '3F', '42', '53', '57', '58'];

const codesByState: readonly { state: RegExp; code: ServiceErrorCode }[] = [
  // query cancelled, lock not available, idle in transaction
  { state: /^(57014|55P03|25P03)$/, code: 'STORE_TIMEOUT' },
  // connection, login, no such database, too many connections, shutdown or start
  { state: /^(08|28|3D|57)...$|^53300$/, code: 'STORE_CONNECT' },
];

/** What a failed statement means for the caller. The driver's own error is not kept: it may hold rows. */
export function storeFailure(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const state = sqlState(error);
  if (state === null) return connectionFailure(error);
  const code = codesByState.find((row) => row.state.test(state))?.code ?? 'STORE_FAILED';
  const { constraint, message } = error as { constraint?: unknown; message?: unknown };
  const shown =
    typeof constraint === 'string'
      ? ` (${constraint})`
      : plainClasses.includes(state.slice(0, 2)) && typeof message === 'string'
        ? ` (${message})`
        : '';
  return new ServiceError(code, { got: `SQLSTATE ${state}${shown}` });
}

/** The server's own answer that a COMMIT failed: anything else leaves open whether it happened. */
export function isRefusal(error: unknown): boolean {
  const state = sqlState(error);
  const { severity } = error as { severity?: unknown };
  return state !== null && severity === 'ERROR' && !/^(08|57)/.test(state);
}

function sqlState(error: unknown): string | null {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  const isServers = typeof severity === 'string' && typeof code === 'string';
  return isServers && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

function connectionFailure(error: unknown): ServiceError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' ? message : '';
  if (/timeout/i.test(text)) return new ServiceError('STORE_TIMEOUT', { got: 'no answer in time' });
  if (typeof code === 'string') return new ServiceError('STORE_CONNECT', { got: code });
  if (/does not support SSL/.test(text))
    return new ServiceError('STORE_CONNECT', {
      got: 'a server without TLS',
      want: 'TLS, or sslmode=disable in the URL',
    });
  if (/password/.test(text))
    return new ServiceError('STORE_CONNECT', { got: 'no password', want: 'passwordFile' });
  return new ServiceError('STORE_CONNECT', { got: 'a connection that was cut' });
}
