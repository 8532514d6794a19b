import { fromUtf8, toBase64, toHex } from '@showcause/core';
import type { Json } from '@showcause/core';
import express from 'express';
import type { Express, Request, Response, Router } from 'express';
import { ServiceError } from '../errors.ts';
import type { Leaf, Logger } from '../ports.ts';
import { FRESH, publishedHeaders } from '../published-headers.ts';
import { CHECKPOINT_PATH } from '../publisher.ts';
import { sendBytes, sendFile } from './files.ts';
import {
  consistencyOf,
  inclusionOf,
  publishedLeaf,
  publishedSize,
  tilePathOf,
  tlogProofOf,
} from './log.ts';
import type { InclusionAnswer, PublicLog } from './log.ts';
import { openApiDocument } from './openapi.ts';
import { problemHandler, requireReader } from './problems.ts';
import { checkParameters, optionalCount, parseCount, parseHash } from './query.ts';

/** A log as HTTP serves it. */
export interface ServedLog {
  /** null: the only one */
  name: string | null;
  /** before all of its paths, such as `/logs/loans`; empty for the only one */
  path: string;
  log: PublicLog;
  /** bearer token of readers; null: the log is public */
  readerToken: string | null;
  /** whether entries are sequenced, published and anchored as they should; the members are shown as they are */
  readiness: () => { ready: boolean; status: Json };
}

export interface AppOptions {
  logs: readonly ServedLog[];
  /** several logs: whether the whole service was told to end */
  isEnding?: () => boolean;
  logger: Logger;
}

/** Entries that one request may ask for, and the bytes that one answer holds of them. */
export const MAX_ENTRIES = 256;
export const MAX_BYTES = 1024 * 1024;
const proofHeaders = { type: 'text/plain; charset=utf-8', caching: FRESH };

/** The read API: C2SP tlog-tiles as files, and JSON for what a tile client would have to compute. GET and HEAD only. */
export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.set('query parser', 'simple');
  app.use((request, response, next) => {
    response.set('X-Content-Type-Options', 'nosniff');
    if (request.method === 'GET' || request.method === 'HEAD') return next();
    throw new ServiceError('REQUEST_METHOD', { got: 'another method' });
  });
  for (const log of options.logs) app.use(log.path, logRoutes(log));
  if (options.logs[0]?.name !== null) app.use(rimRoutes(options));
  app.use(() => {
    throw new ServiceError('NOT_FOUND', { got: 'another path' });
  });
  app.use(problemHandler(options.logger));
  return app;
}

/** All of one log, below its path; the only one has no path, and its health is the service's. */
function logRoutes(log: ServedLog): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  router.use(tileRoutes(log));
  router.use('/v1', jsonRoutes(log));
  router.use(healthRoutes(log.readiness));
  return router;
}

/**
 * Ready while it can answer: no log that stands takes the others from their readers. Each says how it is, by name, and is
 * ready or not below its own path.
 */
function rimRoutes({ logs, isEnding }: AppOptions): Router {
  return healthRoutes(() => {
    const all = logs.map(({ name, readiness }) => [name ?? '', readiness()] as const);
    return {
      ready: isEnding?.() !== true,
      status: { logs: Object.fromEntries(all) },
    };
  });
}

function tileRoutes({ log, readerToken }: ServedLog): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  const reader = requireReader(readerToken);
  const isPublic = readerToken === null;
  const headers = (path: string) => publishedHeaders(path, isPublic);
  const sendTile = (compresses: boolean) => (request: Request, response: Response) => {
    const path = tilePathOf(request.path.slice(1));
    return sendFile(response, log.files, path, { ...headers(path), compresses });
  };
  router.get('/checkpoint', async (_request, response) => {
    const bytes = await log.files.read(CHECKPOINT_PATH);
    if (bytes === null) throw new ServiceError('NOT_PUBLISHED', { got: 'no checkpoint yet' });
    sendBytes(response, bytes, headers(CHECKPOINT_PATH));
  });
  router.get('/tile/entries/*path', reader, sendTile(true));
  router.get('/tile/*path', sendTile(false));
  router.get('/anchors/:name', async (request, response) => {
    const { name } = request.params;
    if (!/^(latest|0|[1-9][0-9]{0,15})\.json$/.test(name))
      throw new ServiceError('REQUEST_MALFORMED', {
        got: 'another name',
        want: 'latest.json or <size>.json',
      });
    const path = `anchors/${name}`;
    const bytes = await log.files.read(path);
    if (bytes === null) throw new ServiceError('NOT_FOUND', { got: path });
    sendBytes(response, bytes, headers(path));
  });
  return router;
}

function jsonRoutes({ log, readerToken }: ServedLog): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  const reader = requireReader(readerToken);
  router.get('/entries/:index', reader, async (request, response) => {
    checkParameters(request, []);
    sendJson(
      response,
      leafJson(await publishedLeaf(log, parseCount(request.params['index'], 'index'))),
    );
  });
  router.get('/entries', reader, async (request, response) => {
    checkParameters(request, ['from', 'count']);
    const from = parseCount(request.query['from'], 'from');
    const asked = optionalCount(request, 'count') ?? MAX_ENTRIES;
    if (asked < 1 || asked > MAX_ENTRIES)
      throw new ServiceError('REQUEST_MALFORMED', {
        got: `count ${asked}`,
        want: `1 to ${MAX_ENTRIES}`,
      });
    const size = publishedSize(log);
    const leaves = from < size ? await log.store.leaves(from, Math.min(asked, size - from)) : [];
    let bytes = 0;
    const fit = leaves.filter(({ entry }, i) => (bytes += entry.length) <= MAX_BYTES || i === 0);
    sendJson(response, { size, entries: fit.map(leafJson) });
  });
  router.get('/promises/:producer/:epoch/:seq', reader, async (request, response) => {
    checkParameters(request, []);
    const producer = String(request.params['producer']);
    const position = {
      producer,
      epoch: parseCount(request.params['epoch'], 'epoch'),
      seq: parseCount(request.params['seq'], 'seq'),
    };
    if (!/^[a-z0-9/-]{1,64}$/.test(producer))
      throw new ServiceError('REQUEST_MALFORMED', { got: 'another producer name' });
    const leaf = await log.store.leafAt(position);
    if (leaf === null || leaf.index >= publishedSize(log))
      throw new ServiceError('NOT_PUBLISHED', { got: `seq ${position.seq}` });
    const promise = await log.store.promiseOf(position);
    sendJson(response, {
      ...position,
      index: leaf.index,
      leaf: toHex(leaf.hash),
      promise:
        promise === null
          ? null
          : {
              firstSeq: promise.firstSeq,
              count: promise.count,
              bytes: toBase64(promise.bytes),
            },
    });
  });
  proofRoutes(router, log);
  router.get('/heads', async (request, response) => {
    checkParameters(request, []);
    const published = log.published();
    const anchor = await log.store.newestAnchor();
    sendJson(response, {
      signed:
        published === null
          ? null
          : {
              size: published.size,
              root: toHex(published.root),
              checkpoint: fromUtf8(published.note),
            },
      anchored: anchor as unknown as Json,
    });
  });
  return router;
}

function proofRoutes(router: Router, log: PublicLog): void {
  router.get('/proofs/inclusion', async (request, response) => {
    checkParameters(request, ['leaf', 'index', 'size']);
    const index = await askedIndex(request, log);
    const answer = await inclusionOf(log, index, optionalCount(request, 'size'));
    response.vary('Accept');
    if (request.accepts(['application/json', 'text/plain']) === 'text/plain')
      return sendBytes(response, Buffer.from(tlogProofOf(answer)), proofHeaders);
    sendJson(response, inclusionJson(answer));
  });
  router.get('/proofs/consistency', async (request, response) => {
    checkParameters(request, ['old', 'size']);
    const old = parseCount(request.query['old'], 'old');
    const { oldSize, size, hashes } = await consistencyOf(log, old, optionalCount(request, 'size'));
    sendJson(response, { old: oldSize, size, hashes: hashes.map(toHex) });
  });
}

async function askedIndex(request: Request, log: PublicLog): Promise<number> {
  const { leaf, index } = request.query;
  if ((leaf === undefined) === (index === undefined))
    throw new ServiceError('REQUEST_MALFORMED', { got: 'both or neither', want: 'leaf or index' });
  if (index !== undefined) return parseCount(index, 'index');
  const found = await log.store.indexOf(parseHash(leaf, 'leaf'));
  if (found === null || found >= publishedSize(log))
    throw new ServiceError('NOT_PUBLISHED', { got: 'a leaf that is not in the log' });
  return found;
}

function healthRoutes(readiness: ServedLog['readiness']): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  router.get('/healthz', (_request, response) => {
    sendJson(response, { ok: true });
  });
  router.get('/readyz', (_request, response) => {
    const { ready, status } = readiness();
    response.status(ready ? 200 : 503);
    sendJson(response, { ready, status });
  });
  router.get('/openapi.json', (_request, response) => {
    sendJson(response, openApiDocument as unknown as Json);
  });
  return router;
}

function leafJson({ index, hash, entry, position }: Leaf): Json {
  return {
    index,
    leaf: toHex(hash),
    entry: toBase64(entry),
    producer: position?.producer ?? null,
    epoch: position?.epoch ?? null,
    seq: position?.seq ?? null,
  };
}

function inclusionJson({ index, size, root, leaf, hashes, checkpoint }: InclusionAnswer): Json {
  return {
    index,
    size,
    root: toHex(root),
    leaf: toHex(leaf),
    hashes: hashes.map(toHex),
    checkpoint: checkpoint === null ? null : fromUtf8(checkpoint),
  };
}

function sendJson(response: Response, value: Json): void {
  response.set('Cache-Control', 'no-store').type('application/json').send(JSON.stringify(value));
}
