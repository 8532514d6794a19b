import type { ModelLimits } from './load-model.ts';

/** What every reader of a format is told. */
export interface FormatOptions {
  /** SHA-256 of the file */
  readonly hash: string;
  /** boosting rounds to use; all where undefined */
  readonly iterations?: number | undefined;
  /** names of categories that the caller gives, by feature */
  readonly categories?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly limits: ModelLimits;
}
