import { CodedError } from '@showcause/core';

/** `unknown`: it could not be looked at. */
export type FindingLevel = 'ok' | 'warn' | 'fail' | 'unknown';

/** What one check of the doctor saw. Never holds a secret: an address only as host and port. */
export interface Finding {
  /** stable name of the check */
  name: string;
  level: FindingLevel;
  /** what was seen */
  detail: string;
  /** what to do; null where there is nothing to do */
  fix: string | null;
}

export const ok = (name: string, detail: string): Finding => of('ok', name, detail, null);
export const warn = (name: string, detail: string, fix: string): Finding =>
  of('warn', name, detail, fix);
export const fail = (name: string, detail: string, fix: string): Finding =>
  of('fail', name, detail, fix);
export const unknown = (name: string, detail: string, fix: string): Finding =>
  of('unknown', name, detail, fix);

function of(level: FindingLevel, name: string, detail: string, fix: string | null): Finding {
  return { name, level, detail, fix };
}

export type Diagnosis = 'healthy' | 'unhealthy' | 'could-not-check';

/** A failure beats what could not be checked; a warning is none. */
export function diagnosisOf(findings: readonly Finding[]): Diagnosis {
  if (findings.some(({ level }) => level === 'fail')) return 'unhealthy';
  return findings.some(({ level }) => level === 'unknown') ? 'could-not-check' : 'healthy';
}

/** What an error says, with its fix: a coded one holds no secret, and of any other the code alone is told. */
export function failed(name: string, error: unknown): Finding {
  if (error instanceof CodedError) {
    const wanted = error.want === undefined ? '' : `, want ${error.want}`;
    return fail(name, `${error.code}: ${error.got}${wanted}`, error.fix);
  }
  const { code } = error as { code?: unknown };
  return fail(
    name,
    typeof code === 'string' ? code : 'an unexpected failure',
    'Look at the log of the system.',
  );
}
