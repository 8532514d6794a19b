import { setTimeout as wait } from 'node:timers/promises';
import { ExplainError } from '@showcause/explain';
import type { Predict, PredictCall, Predicted, PredictTexts } from '@showcause/explain';
import { protocolOf } from './inference-protocol.ts';

export interface RemoteOptions {
  /** most milliseconds of one attempt */
  readonly timeoutMs: number;
  /** milliseconds before the second attempt; twice as many before each next one */
  readonly backOffMs?: number;
  /** value of the header `Authorization`; it goes to this address and nowhere else, redirects being refused */
  readonly authorization?: string | undefined;
}

/** Attempts of one call. */
const ATTEMPTS = 4;
const BACK_OFF_MS = 250;
/** A server that asks for more is not waited for. */
const MAX_RETRY_AFTER_S = 30;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** A row may have a thousand outputs of 32 characters each. */
const ANSWER_BYTES_A_ROW = 32_000;
const ANSWER_BYTES = 64 * 1024;
const PASSING = [429, 500, 502, 503, 504];

/** What an attempt came to that another one may mend. */
interface Passing {
  readonly error: ExplainError;
  /** milliseconds that the server asks for */
  readonly afterMs?: number;
}

/**
 * A model behind HTTP as a predict function. Time-outs, broken connections and passing statuses (429, 500, 502, 503, 504) are tried again,
 * four times in all, each time after twice as long or as long as `Retry-After` says.
 *
 * @throws ExplainError PREDICT_SERVER, PREDICT_TIMEOUT, PREDICT_KIND; the address, which may hold a secret, is in none of them
 */
export function remotePredict(url: URL, options: RemoteOptions): Predict {
  const { rows: spelled } = protocolOf(url);
  return (rows, call) => asked(url, spelled(rows), rows.length, options, call);
}

/** The same for a model of texts. */
export function remoteTexts(url: URL, options: RemoteOptions): PredictTexts {
  const { texts: spelled } = protocolOf(url);
  return (texts, call) => asked(url, spelled(texts), texts.length, options, call);
}

async function asked(
  url: URL,
  body: string,
  count: number,
  options: RemoteOptions,
  { signal }: PredictCall,
): Promise<Predicted> {
  const { backOffMs = BACK_OFF_MS } = options;
  const mostBytes = Math.min(MAX_ANSWER_BYTES, ANSWER_BYTES + ANSWER_BYTES_A_ROW * count);
  for (let attempt = 1; ; attempt++) {
    const found = await attempted(url, body, { ...options, signal, mostBytes });
    if ('answer' in found) {
      const predictions = protocolOf(url).predictionsIn(found.answer, count);
      if (Array.isArray(predictions)) return predictions as Predicted;
      throw new ExplainError('PREDICT_KIND', { got: 'an answer without predictions' });
    }
    if (attempt === ATTEMPTS) throw found.error;
    await wait(found.afterMs ?? backOffMs * 2 ** (attempt - 1), undefined, { signal });
  }
}

interface Attempt {
  readonly timeoutMs: number;
  readonly authorization?: string | undefined;
  readonly signal: AbortSignal;
  readonly mostBytes: number;
}

async function attempted(
  url: URL,
  body: string,
  { timeoutMs, authorization, signal, mostBytes }: Attempt,
): Promise<Passing | { readonly answer: unknown }> {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, limit]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      return refusal(response);
    }
    return { answer: parsed(await boundedText(response, mostBytes)) };
  } catch (cause) {
    if (cause instanceof ExplainError || signal.aborted) throw cause;
    if (limit.aborted)
      return {
        error: new ExplainError('PREDICT_TIMEOUT', { got: `no answer in ${timeoutMs} ms` }),
      };
    return { error: new ExplainError('PREDICT_SERVER', { got: reasonOf(cause), cause }) };
  }
}

/** @throws ExplainError PREDICT_SERVER for a status that stays */
function refusal(response: Response): Passing {
  const error = new ExplainError('PREDICT_SERVER', { got: `status ${response.status}` });
  if (!PASSING.includes(response.status)) throw error;
  const after = response.headers.get('retry-after') ?? '';
  if (!/^\d{1,9}$/.test(after)) return { error };
  if (Number(after) > MAX_RETRY_AFTER_S) throw error;
  return { error, afterMs: Number(after) * 1000 };
}

async function boundedText(response: Response, mostBytes: number): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let [text, bytes] = ['', 0];
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > mostBytes)
      throw new ExplainError('PREDICT_SERVER', {
        got: 'an answer that is too large',
        want: `at most ${mostBytes} bytes`,
      });
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ExplainError('PREDICT_SERVER', { got: 'an answer that is no JSON' });
  }
}

/** `fetch` says why in the cause of its error. */
function reasonOf(cause: unknown): string {
  const { code } = ((cause as { cause?: unknown }).cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : 'a broken connection';
}
