import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { addAbortSignal } from 'node:stream';
import type { Readable } from 'node:stream';
import { readSecretFile } from '@showcause/core/node';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { ServiceError } from '../errors.ts';
import type { ByteRange } from '../ports.ts';
import type { PublishedHeaders } from '../published-headers.ts';
import { statusOf } from './patience.ts';
import type { S3Place } from './place.ts';

type Sdk = typeof import('@aws-sdk/client-s3');

/** 'absent': nothing lies there yet; null: whatever lies there; else the tag of what must lie there. */
export type Condition = 'absent' | { etag: string } | null;

export interface FoundObject {
  /** of the whole object */
  size: number;
  etag: string;
  body: Readable;
}

/** The largest file of a log is a bundle of 256 entries of 65,535 bytes with their lengths. */
export const MAX_OBJECT_BYTES = 256 * 65_537;
const MAX_SOCKETS = 64;
const MAX_PAGES = 1_000;

/** Single requests to one bucket; errors are the SDK's own. The SDK is loaded with the first request. */
export class Objects {
  readonly #place: S3Place;
  #opened: Promise<{ sdk: Sdk; client: S3Client }> | null = null;

  constructor(place: S3Place) {
    this.#place = place;
  }

  /** @returns the new tag, or null when the condition did not hold: then nothing was written */
  async put(
    key: string,
    bytes: Uint8Array,
    { type, caching }: PublishedHeaders,
    condition: Condition,
    signal: AbortSignal,
  ): Promise<string | null> {
    const { sdk, client } = await this.#open();
    const only =
      condition === 'absent'
        ? { IfNoneMatch: '*' }
        : condition === null
          ? {}
          : { IfMatch: condition.etag };
    const command = new sdk.PutObjectCommand({
      ...this.#at(key),
      ...only,
      Body: bytes,
      ContentLength: bytes.length,
      ContentType: type,
      CacheControl: caching,
    });
    try {
      return (await client.send(command, { abortSignal: signal })).ETag ?? '';
    } catch (error) {
      const status = statusOf(error);
      const isGone = status === 404 && condition !== 'absent' && nameOf(error) === 'NoSuchKey';
      if (status === 412 || isGone) return null;
      throw error;
    }
  }

  async get(key: string, signal: AbortSignal, range?: ByteRange): Promise<FoundObject | null> {
    const { sdk, client } = await this.#open();
    const asked = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` };
    const command = new sdk.GetObjectCommand({ ...this.#at(key), ...asked });
    try {
      const answer = await client.send(command, { abortSignal: signal });
      const total = range === undefined ? answer.ContentLength : totalOf(answer.ContentRange);
      const body = answer.Body as Readable | undefined;
      if (body === undefined || total === undefined)
        throw new Error('an answer without its length');
      return { size: total, etag: answer.ETag ?? '', body };
    } catch (error) {
      return missingAsNull(error);
    }
  }

  /** The whole object, bounded, and as long as the store says. */
  async read(
    key: string,
    signal: AbortSignal,
  ): Promise<{ bytes: Uint8Array; etag: string } | null> {
    const found = await this.get(key, signal);
    if (found === null) return null;
    const { size, body, etag } = found;
    if (size > MAX_OBJECT_BYTES) {
      body.destroy();
      throw new ServiceError('FILES_UNSAFE', {
        got: `${size} bytes at ${key}`,
        want: `at most ${MAX_OBJECT_BYTES}`,
      });
    }
    const bytes = new Uint8Array(size);
    let length = 0;
    for await (const chunk of addAbortSignal(signal, body) as AsyncIterable<Uint8Array>) {
      if (length + chunk.length > size) throw new Error('more bytes than were told');
      bytes.set(chunk, length);
      length += chunk.length;
    }
    if (length !== size) throw new Error('fewer bytes than were told');
    return { bytes, etag };
  }

  async head(key: string, signal: AbortSignal): Promise<{ size: number; etag: string } | null> {
    const { sdk, client } = await this.#open();
    try {
      const command = new sdk.HeadObjectCommand(this.#at(key));
      const { ContentLength, ETag } = await client.send(command, { abortSignal: signal });
      if (ContentLength === undefined) throw new Error('an answer without its length');
      return { size: ContentLength, etag: ETag ?? '' };
    } catch (error) {
      return missingAsNull(error);
    }
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    const { sdk, client } = await this.#open();
    const command = new sdk.DeleteObjectCommand(this.#at(key));
    await client.send(command, { abortSignal: signal }).catch(missingAsNull);
  }

  /** Names behind `folder`, which ends with a slash, up to the next slash. */
  async list(folder: string, signal: AbortSignal): Promise<string[]> {
    const { sdk, client } = await this.#open();
    const names: string[] = [];
    let token: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const { bucket: Bucket, prefix } = this.#place;
      const command = new sdk.ListObjectsV2Command({
        Bucket,
        Prefix: prefix + folder,
        Delimiter: '/',
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      const answer = await client.send(command, { abortSignal: signal });
      const keys = [
        ...(answer.Contents ?? []).map(({ Key }) => Key),
        ...(answer.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      ];
      for (const key of keys)
        names.push(key!.slice(prefix.length + folder.length).replace(/\/$/, ''));
      if (answer.IsTruncated !== true) return names;
      token = answer.NextContinuationToken;
    }
    throw new ServiceError('FILES_UNSAFE', { got: `more than ${MAX_PAGES} pages of names` });
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#place.bucket, Key: this.#place.prefix + key };
  }

  #open(): Promise<{ sdk: Sdk; client: S3Client }> {
    this.#opened ??= import('@aws-sdk/client-s3').then((sdk) => ({
      sdk,
      client: new sdk.S3Client(settingsOf(this.#place)),
    }));
    return this.#opened;
  }
}

/** Retries are ours; checksums that not every store knows are left out, since the publisher hashes all it reads back. */
function settingsOf(place: S3Place): S3ClientConfig {
  const { region, endpoint, forcePathStyle, requestMs } = place;
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const silent = (): void => undefined;
  return {
    region,
    forcePathStyle,
    ...(endpoint === null ? {} : { endpoint }),
    ...credentialsOf(place),
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    logger: { trace: silent, debug: silent, info: silent, warn: silent, error: silent },
    requestHandler: {
      connectionTimeout: requestMs,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent({ ...agent, ...authorityOf(place) }),
    },
  };
}

function authorityOf({ caFile }: S3Place): { ca?: Buffer } {
  if (caFile === null) return {};
  try {
    return { ca: readFileSync(caFile) };
  } catch (cause) {
    throw new ServiceError('CONFIG_FILE', { got: caFile, cause });
  }
}

function credentialsOf({
  accessKeyId,
  secretKeyFile,
}: S3Place): Pick<S3ClientConfig, 'credentials'> {
  if (accessKeyId === null || secretKeyFile === null) return {};
  let secretAccessKey: string;
  try {
    secretAccessKey = readSecretFile(secretKeyFile).toString('utf8').trim();
  } catch (cause) {
    throw new ServiceError('CONFIG_SECRET', { got: secretKeyFile, cause });
  }
  if (!/^[!-~]{1,256}$/.test(secretAccessKey))
    throw new ServiceError('CONFIG_SECRET', { got: `no secret access key in ${secretKeyFile}` });
  return { credentials: { accessKeyId, secretAccessKey } };
}

function missingAsNull(error: unknown): null {
  // A HEAD has no body that could name the bucket.
  if (statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket') return null;
  throw error;
}

function nameOf(error: unknown): unknown {
  return (error as { name?: unknown }).name;
}

function totalOf(range: string | undefined): number | undefined {
  const [, total] = /^bytes [0-9]+-[0-9]+\/([0-9]{1,15})$/.exec(range ?? '') ?? [];
  return total === undefined ? undefined : Number(total);
}
