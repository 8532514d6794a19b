import { AuditError } from './errors.ts';

/** What the selectors of a route read, which may be all that stands between a body and a decision. */

/**
 * Runs a selector over a request. What it throws without a code of its own is a request that it cannot read: the
 * caller's fault as far as anybody knows here.
 * @throws {AuditError} `REQUEST_UNREADABLE`; what the selector throws with a code or a status
 */
export function selected<T>(name: 'subject' | 'features', select: () => T): T {
  try {
    return select();
  } catch (cause) {
    const { code, status } = (cause ?? {}) as { code?: unknown; status?: unknown };
    if (typeof code === 'string' || typeof status === 'number') throw cause;
    throw new AuditError('REQUEST_UNREADABLE', { got: `a request that ${name} throws at`, cause });
  }
}

/** The caller's own name for the person. @throws {AuditError} `REQUEST_UNREADABLE` */
export function selectedSubject(select: (() => unknown) | undefined): string | null {
  if (select === undefined) return null;
  const subject = selected('subject', select) ?? null;
  if (subject === null || (typeof subject === 'string' && subject !== '')) return subject;
  throw new AuditError('REQUEST_UNREADABLE', {
    got: `a subject that is ${subject === '' ? 'empty' : `a ${typeof subject}`}`,
    want: 'text, or null where there is nobody',
  });
}

/** What an `outcome` selector found in an answer; `unreadable` when it threw or found nothing. */
export type SelectedOutcome = { kind: 'read'; outcome: unknown } | { kind: 'unreadable' };

/** `null` says that nothing is decided yet; nothing at all says that the selector looks in the wrong place. */
export function selectedOutcome(select: () => unknown): SelectedOutcome {
  try {
    const outcome = select();
    return outcome === undefined ? { kind: 'unreadable' } : { kind: 'read', outcome };
  } catch {
    return { kind: 'unreadable' };
  }
}
