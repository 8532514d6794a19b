import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Problem } from '../problems.ts';
import type { ResponseFacts } from '../record/messages.ts';
import { callbackIn, deafen, encodingOf, setHeaders, toBuffer } from './response-parts.ts';
import type { EndCallback } from './response-parts.ts';

/** What becomes of a held response: sent as the handler made it, with a receipt where there is one, or replaced. */
export type Verdict =
  { kind: 'send'; receipt: string | null } | { kind: 'replace'; problem: Problem };

export interface HoldHooks {
  /** Before the first byte of a response that is written over time. A rejection is answered in its place. */
  beforeFirstByte(): Promise<void>;
  /** The response is complete: record it. Nothing of it (or its last chunk) leaves before this resolves. */
  complete(response: ResponseFacts): Promise<Verdict>;
  /** Answers with a problem on the released response. */
  refuse(problem: Problem): void;
  problemOf(error: unknown): Problem;
}

export const RECEIPT_HEADER = 'Decision-Receipt';
/** Of a streamed response so much is kept in the record; its hash covers all of it. */
const STREAM_RECORD_BYTES = 128 * 1024;
const STREAM_HIGH_WATER = 64 * 1024;

const HELD = Symbol('held response');
type Held = ServerResponse & { [HELD]: HeldResponse };

/** What a handler speaks with while its response is held: the same functions for every response. */
const heldMethods = {
  write(this: Held, chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean {
    return this[HELD].write(chunk, encoding, callback);
  },
  end(this: Held, chunk?: unknown, encoding?: unknown, callback?: unknown): ServerResponse {
    this[HELD].end(chunk, encoding, callback);
    return this;
  },
  writeHead(this: Held, status: number, message?: unknown, headers?: unknown): ServerResponse {
    this[HELD].writeHead(status, message, headers);
    return this;
  },
  flushHeaders(this: Held): void {
    this[HELD].startStreaming();
  },
};

/**
 * Holds a response back. Everything the handler writes is kept until it ends; then the decision is
 * recorded, and only then does the first byte leave. A response that is written over time flows
 * once its intent is durable, all but its last chunk.
 */
export class HeldResponse {
  readonly #res: ServerResponse;
  readonly #hooks: HoldHooks;
  readonly #mayStream: boolean;
  readonly #original: Pick<ServerResponse, 'write' | 'end' | 'writeHead' | 'flushHeaders'>;
  #chunks: Buffer[] = [];
  /** a body given whole as text: sent so, Node joins it to the head in one write */
  #text: { chunk: string; encoding: BufferEncoding } | null = null;
  #length = 0;
  #state: 'held' | 'streaming' | 'ended' | 'released' = 'held';
  #streaming: Promise<void> | null = null;
  #flowing = false;
  #hash: Hash | null = null;
  #recorded: Buffer[] = [];
  #last: Buffer | null = null;
  #drainDue = false;
  #callback: EndCallback | null = null;
  #frozen: { status: number; message: string; headers: OutgoingHttpHeaders } | null = null;
  #tampered = false;

  constructor(res: ServerResponse, hooks: HoldHooks, mayStream: boolean) {
    this.#res = res;
    this.#hooks = hooks;
    this.#mayStream = mayStream;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with `res` as this, restored on release
    const { write, end, writeHead, flushHeaders } = res;
    this.#original = { write, end, writeHead, flushHeaders };
    Object.assign(res, heldMethods, { [HELD]: this });
  }

  /** True once the handler has ended its response. */
  get complete(): boolean {
    return this.#state === 'ended' || this.#state === 'released';
  }
  /** True once bytes have left. */
  get flowing(): boolean {
    return this.#flowing;
  }

  /** Gives the response back as it was, dropping what was held; later writes of the handler go nowhere. */
  takeOver(): void {
    this.#state = 'released';
    this.#chunks = [];
    this.#restore();
  }

  /** Makes the response deaf: a handler that answers too late is not heard, and does not throw for it. */
  silence(): void {
    deafen(this.#res);
  }

  /** What the handler calls as `res.writeHead`. */
  writeHead(status: number, message: unknown, headers: unknown): void {
    if (this.#state === 'ended') this.#tampered = true;
    if (this.#state !== 'held') return;
    this.#res.statusCode = status;
    if (typeof message === 'string') this.#res.statusMessage = message;
    setHeaders(this.#res, typeof message === 'string' ? headers : message);
  }

  /** What the handler calls as `res.write`. */
  write(chunk: string | Uint8Array, encoding: unknown, callback: unknown): boolean {
    if (this.#state === 'ended') this.#tampered = true;
    if (this.complete) return false;
    const bytes = toBuffer(chunk, encoding);
    const written = callbackIn(encoding, callback);
    if (written !== null) setImmediate(written);
    if (bytes.length === 0) return true;
    if (this.#flowing) return this.#flow(bytes);
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    if (this.#mayStream) setImmediate(() => this.startStreaming());
    return this.#roomLeft();
  }

  /** What the handler calls as `res.end`. */
  end(chunk: unknown, encoding: unknown, callback: unknown): void {
    if (this.#state === 'ended') this.#tampered = true;
    if (this.complete) return;
    this.#callback = callbackIn(chunk, encoding, callback);
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) {
      const bytes = toBuffer(chunk, encoding);
      if (bytes.length > 0 && this.#flowing) this.#flow(bytes);
      else if (bytes.length > 0) {
        if (typeof chunk === 'string' && this.#length === 0)
          this.#text = { chunk, encoding: encodingOf(encoding) };
        this.#chunks.push(bytes);
        this.#length += bytes.length;
      }
    }
    const streamed = this.#state === 'streaming';
    this.#state = 'ended';
    this.#freeze();
    // Whatever goes wrong between record and socket, nothing unrecorded leaves.
    (streamed ? this.#endStream() : this.#endHeld()).catch(() => this.#res.destroy());
  }

  async #endHeld(): Promise<void> {
    const body = this.#hasNoBody() ? null : this.#whole();
    const verdict = await this.#complete({
      ...this.#head(),
      body,
      hash: null,
      length: body?.length ?? 0,
      streamed: false,
    });
    if (this.#res.destroyed) return this.takeOver();
    this.#state = 'released';
    this.#restore();
    if (verdict.kind === 'replace') return this.#hooks.refuse(verdict.problem);
    this.#thaw();
    if (verdict.receipt !== null) this.#res.setHeader(RECEIPT_HEADER, verdict.receipt);
    const callback = this.#callback ?? undefined;
    if (this.#text !== null) this.#res.end(this.#text.chunk, this.#text.encoding, callback);
    else this.#res.end(this.#whole(), callback);
  }

  async #endStream(): Promise<void> {
    try {
      await this.#streaming;
    } catch {
      return; // answered already
    }
    const recorded = this.#length <= STREAM_RECORD_BYTES ? Buffer.concat(this.#recorded) : null;
    const verdict = await this.#complete({
      ...this.#head(),
      body: recorded,
      hash: this.#hash!.digest('hex'),
      length: this.#length,
      streamed: true,
    });
    this.#state = 'released';
    this.#restore();
    // Bytes are out, so a refusal can only cut the answer: its last chunk is never sent.
    if (verdict.kind === 'replace') return void this.#res.destroy();
    if (verdict.receipt !== null && this.#res.hasHeader('trailer'))
      this.#res.addTrailers({ [RECEIPT_HEADER]: verdict.receipt });
    this.#res.end(this.#last ?? undefined, this.#callback ?? undefined);
  }

  async #complete(response: ResponseFacts): Promise<Verdict> {
    try {
      return await this.#hooks.complete(response);
    } catch (error) {
      return { kind: 'replace', problem: this.#hooks.problemOf(error) };
    }
  }

  /** Lets the response flow; what the handler calls as `res.flushHeaders`. */
  startStreaming(): void {
    if (this.#state !== 'held' || !this.#mayStream) return;
    this.#state = 'streaming';
    this.#streaming = this.#beginFlow();
    this.#streaming.catch(() => undefined);
  }

  async #beginFlow(): Promise<void> {
    try {
      await this.#hooks.beforeFirstByte();
    } catch (error) {
      this.takeOver();
      this.#hooks.refuse(this.#hooks.problemOf(error));
      this.silence();
      throw error;
    }
    this.#hash = createHash('sha256');
    const chunked =
      !this.#res.hasHeader('content-length') &&
      this.#res.req.httpVersionMinor >= 1 &&
      !this.#hasNoBody();
    if (chunked) this.#res.setHeader('Trailer', RECEIPT_HEADER);
    this.#original.writeHead.call(this.#res, this.#res.statusCode);
    this.#original.flushHeaders.call(this.#res);
    this.#flowing = true;
    const held = this.#chunks;
    this.#chunks = [];
    this.#length = 0;
    for (const chunk of held) this.#flow(chunk);
    if (this.#drainDue) this.#emitDrain();
  }

  /** One chunk stays behind: the last one leaves only when the decision is durable. */
  #flow(chunk: Buffer): boolean {
    this.#hash!.update(chunk);
    this.#length += chunk.length;
    if (this.#length <= STREAM_RECORD_BYTES) this.#recorded.push(chunk);
    const before = this.#last;
    this.#last = chunk;
    if (before === null) return true;
    return (this.#original.write as (chunk: Uint8Array) => boolean).call(this.#res, before);
  }

  #roomLeft(): boolean {
    if (!this.#mayStream || this.#length < STREAM_HIGH_WATER) return true;
    this.#drainDue = true;
    return false;
  }

  #emitDrain(): void {
    this.#drainDue = false;
    this.#res.emit('drain');
  }

  /** An error handler that runs after the answer was given must not change it. */
  #freeze(): void {
    const { statusCode, statusMessage } = this.#res;
    this.#frozen = { status: statusCode, message: statusMessage, headers: this.#res.getHeaders() };
  }

  #thaw(): void {
    if (!this.#tampered || this.#frozen === null) return;
    for (const name of this.#res.getHeaderNames()) this.#res.removeHeader(name);
    setHeaders(this.#res, this.#frozen.headers);
    this.#res.statusCode = this.#frozen.status;
    this.#res.statusMessage = this.#frozen.message;
  }

  #head(): Pick<ResponseFacts, 'status' | 'contentType'> {
    const contentType = this.#res.getHeader('content-type');
    return {
      status: this.#res.statusCode,
      contentType: typeof contentType === 'string' ? contentType : null,
    };
  }

  #whole(): Buffer {
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
  }

  #hasNoBody(): boolean {
    const { statusCode } = this.#res;
    return this.#res.req.method === 'HEAD' || statusCode === 204 || statusCode === 304;
  }

  #restore(): void {
    Object.assign(this.#res, this.#original);
  }
}
