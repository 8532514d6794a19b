import { ExplainError } from './errors.ts';
import type { ExplainErrorCode } from './errors.ts';

/** Readers of documents that people write: nothing unknown passes, and what is refused is named by its path from `$`. */
export interface StrictJson {
  readonly refused: (path: string, want: string) => ExplainError;
  /** an object of no more members than the document may have anywhere */
  readonly objectOf: (json: unknown, path: string) => Readonly<Record<string, unknown>>;
  /** an object with all needed members and, beside them, none but the optional ones */
  readonly membersOf: (
    json: unknown,
    path: string,
    needed: readonly string[],
    optional: readonly string[],
  ) => Readonly<Record<string, unknown>>;
  readonly oneOf: <T extends string>(json: unknown, allowed: readonly T[], path: string) => T;
}

/** @param most  members of one object */
export function strictJson(code: ExplainErrorCode, most: number): StrictJson {
  const refused = (path: string, want: string): ExplainError =>
    new ExplainError(code, { got: `something else at ${path}`, want });
  const objectOf: StrictJson['objectOf'] = (json, path) => {
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      throw refused(path, 'an object');
    if (Object.keys(json).length > most) throw refused(path, `at most ${most} members`);
    return json as Readonly<Record<string, unknown>>;
  };
  return {
    refused,
    objectOf,
    membersOf: (json, path, needed, optional) => {
      const object = objectOf(json, path);
      const names = Object.keys(object);
      const stray = names.find((name) => !needed.includes(name) && !optional.includes(name));
      if (stray !== undefined) throw refused(path, `only ${[...needed, ...optional].join(', ')}`);
      const missing = needed.find((name) => !Object.hasOwn(object, name));
      if (missing !== undefined) throw refused(`${path}.${missing}`, 'a value');
      return object;
    },
    oneOf: <T extends string>(json: unknown, allowed: readonly T[], path: string): T => {
      const found = allowed.find((name) => name === json);
      if (found === undefined) throw refused(path, allowed.join(', '));
      return found;
    },
  };
}
