import { isJsonObject, parseJson } from '@showcause/core';
import type { Json, JsonObject } from '@showcause/core';
import { pathOf } from '../config.ts';
import type { HostedLogConfig } from '../config.ts';
import type { TlsFiles } from '../countersigner/tls-files.ts';
import { exchange } from '../countersigner/transport.ts';
import { isLoopback } from '../loopback.ts';
import { hostOf } from './chain.ts';
import { fail, failed, ok, unknown, warn } from './finding.ts';
import type { Finding } from './finding.ts';

const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/** Whoever binds more than this machine is open to a network. */
export function judgeListening({ http, metrics, public: isPublic }: HostedLogConfig): Finding[] {
  const findings = [
    isLoopback(http.host)
      ? ok('listening', `${http.host}:${http.port}`)
      : warn(
          'listening',
          `${http.host}:${http.port}, beyond this machine`,
          isPublic
            ? 'Put a proxy with TLS and limits before it.'
            : 'Put a proxy with TLS before it: the reader token travels in clear otherwise.',
        ),
  ];
  if (metrics !== null && !isLoopback(metrics.host))
    findings.push(
      warn(
        'metrics listening',
        `${metrics.host}:${metrics.port}, beyond this machine, without a token`,
        'Let Prometheus alone reach this port.',
      ),
    );
  return findings;
}

/** Whether a service answers where this configuration puts it, and what it says of itself. */
export async function checkRunning({ http, name: log }: HostedLogConfig): Promise<Finding> {
  const name = 'service';
  if (http.port === 0) return ok(name, 'takes any free port: not asked');
  const host = /^(0\.0\.0\.0|::)$/.test(http.host) ? '127.0.0.1' : http.host;
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${http.port}${pathOf(log)}/readyz`;
  const answer = await ask(address);
  if (answer === null)
    return warn(name, `nothing listens at ${host}:${http.port}`, 'Start it: showcause serve.');
  const { body } = answer;
  if (typeof body?.['ready'] !== 'boolean')
    return fail(
      name,
      `something else listens at ${host}:${http.port}`,
      'Give http.port another number.',
    );
  if (body['ready']) return ok(name, 'runs and is ready');
  const { status } = body;
  if (status !== undefined && isJsonObject(status) && status['state'] === 'standby')
    return ok(name, 'runs as a stand-by');
  return fail(
    name,
    `runs and is not ready: ${notReady(status)}`,
    'See docs/operations.md, readiness.',
  );
}

/** Members of the status that are states, not counts. */
function notReady(status: Json | undefined): string {
  if (status === undefined || !isJsonObject(status)) return 'it does not say why';
  return Object.entries(status)
    .flatMap(([name, value]) => (typeof value === 'string' ? [`${name} ${value}`] : []))
    .join(', ');
}

/** @param address  lower-case 0x address that genesis names */
export async function checkCountersigner(
  { url, tls }: { url: string; tls: TlsFiles | null },
  address: string,
): Promise<{ finding: Finding; date: number | null }> {
  const name = 'countersigner';
  try {
    const { body, date } = await exchange({
      url: `${url.replace(/\/+$/, '')}/health`,
      method: 'GET',
      timeoutMs: TIMEOUT_MS,
      tls,
    });
    return { finding: judgeCountersigner(objectIn(body), hostOf(url), address), date };
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== 'COUNTERSIGN_UNREACHABLE') return { finding: failed(name, error), date: null };
    const fix = 'Start it or mend the way to it; the log goes on without new anchors meanwhile.';
    return { finding: fail(name, `no answer from ${hostOf(url)}`, fix), date: null };
  }
}

function judgeCountersigner(body: JsonObject | null, host: string, address: string): Finding {
  const name = 'countersigner';
  if (body === null) return unknown(name, `no health at ${host}`, 'Check the address.');
  const { address: found, refused, failing, code } = body;
  if (typeof code === 'string')
    return fail(name, `turns this service away: ${code}`, 'See docs/errors.md.');
  if (found !== address)
    return fail(name, 'signs with another key than genesis names', 'Give it the key of this log.');
  if (typeof failing === 'string')
    return fail(name, `cannot do its work: ${failing}`, 'Read its log.');
  return typeof refused === 'number' && refused > 0
    ? warn(name, `refused ${refused} heads`, 'Ask who runs it which, and why.')
    : ok(name, `${host} answers`);
}

/** Null when nobody answers; `body` null when it is no JSON object. */
async function ask(
  address: string,
): Promise<{ body: JsonObject | null; date: number | null } | null> {
  try {
    const response = await fetch(address, {
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const date = Date.parse(response.headers.get('date') ?? '');
    const text = await response.text();
    return { body: objectIn(text), date: Number.isNaN(date) ? null : date };
  } catch {
    return null;
  }
}

function objectIn(text: string): JsonObject | null {
  if (text.length > MAX_ANSWER_BYTES) return null;
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}
