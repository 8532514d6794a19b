/** What a store or a server says about a published file. */
export interface PublishedHeaders {
  type: string;
  caching: string;
}

/** Seconds at most: a checkpoint is news. */
export const FRESH = 'public, max-age=1';
const IMMUTABLE = 'public, max-age=31536000, immutable';
const PRIVATE_IMMUTABLE = 'private, max-age=31536000, immutable';

/** @param isPublic  whether anybody may read entry bundles */
export function publishedHeaders(path: string, isPublic: boolean): PublishedHeaders {
  if (path === 'checkpoint') return { type: 'text/plain; charset=utf-8', caching: FRESH };
  if (path.startsWith('anchors/'))
    return {
      type: 'application/json',
      caching: path === 'anchors/latest.json' ? FRESH : IMMUTABLE,
    };
  const isPrivate = !isPublic && path.startsWith('tile/entries/');
  return {
    type: 'application/octet-stream',
    caching: isPrivate ? PRIVATE_IMMUTABLE : IMMUTABLE,
  };
}
