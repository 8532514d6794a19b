import { isJsonObject, parseJson } from '@showcause/core';
import type { Json, JsonObject } from '@showcause/core';
import { ServiceError } from './errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration, and which of its members the environment gave, by dotted path. */
export interface Overlaid {
  value: Json;
  given: ReadonlyMap<string, string>;
}

const MAX_DEPTH = 8;

/**
 * A configuration with what the environment says instead: after the prefix each level is set off by two underscores,
 * `checkpointIntervalMs` is spelled `CHECKPOINT_INTERVAL_MS`, and a number is a place in a list of the file. A value that is JSON counts as that; anything else is
 * text. An empty variable counts as not set, as shells and containers leave them.
 * @param prefix  `SHOWCAUSE_SERVE__`
 * @throws {ServiceError} `CONFIG_ENVIRONMENT` for a name that is no path
 */
export function overlayEnvironment(file: Json, variables: Environment, prefix: string): Overlaid {
  const given = new Map<string, string>();
  let value = file;
  for (const name of Object.keys(variables).sort()) {
    const text = variables[name];
    if (!name.startsWith(prefix) || text === undefined || text === '') continue;
    const path = pathOf(name, name.slice(prefix.length));
    value = put(value, path, valueOf(text), name);
    given.set(path.join('.'), name);
  }
  return { value, given };
}

function pathOf(name: string, rest: string): string[] {
  const levels = rest.split('__');
  if (
    levels.length > MAX_DEPTH ||
    !levels.every((level) => /^([A-Z][A-Z0-9]*(_[A-Z0-9]+)*|[0-9]{1,3})$/.test(level)) ||
    /^[0-9]/.test(rest)
  )
    throw new ServiceError('CONFIG_ENVIRONMENT', {
      got: name,
      want: 'members in capitals, levels set off by two underscores',
    });
  return levels.map((level) =>
    level.toLowerCase().replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase()),
  );
}

/** Copies what it changes; a level that is no object becomes one. */
function put(
  into: Json | undefined,
  [first, ...rest]: readonly string[],
  value: Json,
  name: string,
): Json {
  const member = (old: Json | undefined): Json =>
    rest.length === 0 ? value : put(old, rest, value, name);
  if (/^[0-9]/.test(first!)) {
    if (!Array.isArray(into) || Number(first) >= into.length)
      throw new ServiceError('CONFIG_ENVIRONMENT', {
        got: name,
        want: 'a place that the file has',
      });
    return into.map((old: Json, i) => (i === Number(first) ? member(old) : old));
  }
  const object = into !== undefined && isJsonObject(into) ? into : {};
  return { ...object, [first!]: member(ownMember(object, first!)) };
}

function ownMember(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function valueOf(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
