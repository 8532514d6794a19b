import { readFileSync } from 'node:fs';
import { isJsonObject, parseJson } from '@showcause/core';

/** The version that a package says it has. @param manifest its package.json */
export function packageVersion(manifest: URL): string {
  const facts = parseJson(readFileSync(manifest, 'utf8'));
  const version = isJsonObject(facts) ? facts['version'] : undefined;
  if (typeof version !== 'string') throw new TypeError(`no version in ${manifest.pathname}`);
  return version;
}
