/** What the service was given for its signer, rather than a signer that is away. */
const signerMistake = /^SIGNER_(KEYSTORE|PASSWORD|DEVELOPMENT|ENVIRONMENT|ADDRESS|MODULE|PIN|KEY)$/;

/** What only a person can mend: another start would end the same way, or would hide what happened. */
const refusals: readonly RegExp[] = [
  /^CONFIG_/,
  /^KEY_/,
  signerMistake,
  /^PUBLISH_(TILE|ROLLBACK|FORK|ROOT)$/,
  /^STORE_(CORRUPT|SCHEMA|SETTINGS|CATCH_UP)$/,
  /^ANCHOR_FOREIGN_HEAD$/,
];

/** The code of whatever was thrown. */
export function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'SERVICE_FAILED';
}

/** The code behind a failure: a publisher that was halted says only that it was. */
export function rootCodeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const code = codeOf(error);
  return code === 'PUBLISH_FAILED' && cause instanceof Error ? rootCodeOf(cause) : code;
}

/** Whether a log that ended with this code is started again. */
export function mayRestart(code: string): boolean {
  return !refusals.some((pattern) => pattern.test(code));
}

/** Whether a start that failed is a mistake in what the service was given, rather than the state of its log. */
export function isMisconfigured(code: string): boolean {
  return /^(CONFIG_|KEY_)/.test(code) || signerMistake.test(code);
}
