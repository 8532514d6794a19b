import type { Remark } from '@showcause/verify';

/** A checkpoint is news: what caches hold of it longer hides the log's growth. */
const MAX_FRESH_SECONDS = 60;
/** A tile never changes. */
const MIN_TILE_SECONDS = 86_400;

/** How the headers of right answers look, by c2sp.org/tlog-tiles: each kind of remark once, with how often. */
export class HeaderRemarks {
  readonly #remarks = new Map<string, Remark>();

  note(path: string, headers: Headers): void {
    const caching = headers.get('cache-control') ?? '';
    const type = headers.get('content-type') ?? '';
    if (path === 'checkpoint') {
      if (!isFresh(caching))
        this.#add('checkpoint caching', path, `Cache-Control: ${caching}`, 'seconds at most');
      if (!/^text\/plain *; *charset=utf-8$/i.test(type))
        this.#add('checkpoint type', path, `Content-Type: ${type}`, 'text/plain; charset=utf-8');
    } else if (path.startsWith('tile/')) {
      if (!isLasting(caching))
        this.#add('tile caching', path, `Cache-Control: ${caching}`, 'a long max-age, immutable');
      if (type.toLowerCase() !== 'application/octet-stream')
        this.#add('tile type', path, `Content-Type: ${type}`, 'application/octet-stream');
    }
  }

  all(): Remark[] {
    return [...this.#remarks.values()];
  }

  #add(kind: string, path: string, got: string, want: string): void {
    const known = this.#remarks.get(kind);
    if (known !== undefined) known.count++;
    else
      this.#remarks.set(kind, {
        path,
        code: 'FSCK_HEADERS',
        got: got.slice(0, 120),
        want,
        count: 1,
      });
  }
}

function isFresh(caching: string): boolean {
  if (/\bimmutable\b/i.test(caching)) return false;
  return /\bno-(store|cache)\b/i.test(caching) || maxAge(caching) <= MAX_FRESH_SECONDS;
}

function isLasting(caching: string): boolean {
  const age = maxAge(caching);
  return /\bimmutable\b/i.test(caching) && MIN_TILE_SECONDS <= age && age < Infinity;
}

/** Seconds; without end when nothing says so, as caches then guess. */
function maxAge(caching: string): number {
  const seconds = /\bmax-age=([0-9]{1,10})\b/i.exec(caching)?.[1];
  return seconds === undefined ? Infinity : Number(seconds);
}
