import { loanApiErrorCodes } from '../errors.ts';
import type { RequestRefused } from '../errors.ts';

/** The problem document of a refusal (RFC 9457, section 3). */
export function problemOf(refused: RequestRefused): Record<string, unknown> {
  const { means, fix, status } = loanApiErrorCodes[refused.code];
  return {
    type: `urn:showcause:loan-api:${refused.code}`,
    title: means,
    status,
    detail: fix,
    code: refused.code,
    ...(refused.errors.length > 0 && { errors: refused.errors }),
  };
}
