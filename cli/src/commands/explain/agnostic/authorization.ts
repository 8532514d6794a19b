import { CliError } from '../../../errors.ts';
import { readText } from '../../../files.ts';
import type { Io } from '../../../io.ts';

/** The variable that holds the header's value. A command line would show it to whoever lists processes. */
const VARIABLE = 'SHOWCAUSE_PREDICT_AUTHORIZATION';
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/**
 * What a remote model wants to see in the header `Authorization`, such as `Bearer …`: from a file, else from the environment; undefined
 * where neither says anything.
 *
 * @throws CliError FILE_UNREADABLE, PREDICT_AUTHORIZATION; the value is in none of them
 */
export function authorizationOf(io: Io, path: string | undefined, url: URL): string | undefined {
  const given = path === undefined ? io.env[VARIABLE] : readText(path);
  if (given === undefined) return undefined;
  const value = given.trim();
  if (!/^[\x21-\x7e][\x20-\x7e]{0,8191}$/.test(value))
    throw new CliError('PREDICT_AUTHORIZATION', {
      got: value === '' ? 'nothing' : 'more than one line of printable ASCII',
      want: `one line in ${path === undefined ? VARIABLE : 'the file of --predict-auth'}`,
    });
  if (url.protocol === 'http:' && !LOOPBACK.includes(url.hostname))
    io.err('note: the authorization goes over plain http, where others on the way can read it');
  return value;
}
