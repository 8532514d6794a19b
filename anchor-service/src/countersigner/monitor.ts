import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { metricsListener } from '../http/metrics.ts';
import type { CountersignerState } from './countersigner.ts';
import type { Readiness } from './readiness.ts';

/** What the party that runs a countersigner watches. */
export interface Monitored {
  /** what does not change: key, log, contract */
  identity: object;
  state: () => CountersignerState;
  readiness: () => Promise<Readiness>;
  /** requests that were turned away before they were judged, by code */
  turnedAway: ReadonlyMap<string, number>;
  /** of the server's certificate; null without TLS */
  expires: () => Date | null;
}

const PREFIX = 'showcause_countersigner_';
type Sample = [labels: Readonly<Record<string, string>>, value: number];

/**
 * `GET /metrics` for Prometheus, `/status` as JSON, `/readyz` (503 while a right request would get no signature) and `/healthz`
 * (the process answers). Sizes, counts, codes and names of the configuration alone; no secret is in any of them.
 */
export function monitorListener(monitored: Monitored): RequestListener {
  const metrics = metricsListener(monitorRegistry(monitored));
  return (request: IncomingMessage, response: ServerResponse) => {
    const answer = request.method === 'GET' ? answers[request.url ?? ''] : undefined;
    if (answer === undefined) return metrics(request, response);
    answer(monitored).then(
      ({ status, value }) => send(response, status, value),
      () => send(response, 500, { code: 'COUNTERSIGN_STATE' }),
    );
  };
}

const answers: Partial<
  Record<string, (monitored: Monitored) => Promise<{ status: number; value: object }>>
> = {
  '/healthz': () => Promise.resolve({ status: 200, value: { alive: true } }),
  '/readyz': async ({ readiness }) => {
    const { ready, problems } = await readiness();
    return { status: ready ? 200 : 503, value: { ready, problems } };
  },
  '/status': async ({ identity, state, readiness, turnedAway, expires }) => ({
    status: 200,
    value: {
      ...identity,
      ...(await readiness()),
      ...state(),
      turnedAway: Object.fromEntries(turnedAway),
      certificateExpires: expires()?.toISOString() ?? null,
    },
  }),
};

function send(response: ServerResponse, status: number, value: object): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(`${JSON.stringify(value)}\n`);
}

/** Prometheus metrics of one countersigner and its process, read when they are asked for. */
export function monitorRegistry(monitored: Monitored): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: PREFIX });
  const gauge = (
    name: string,
    help: string,
    labelNames: string[],
    read: () => Sample[] | Promise<Sample[]>,
  ): unknown =>
    new Gauge({
      name: `${PREFIX}${name}`,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const samples = await read();
        this.reset();
        if (labelNames.length === 0) this.remove();
        for (const [labels, value] of samples) this.set(labels, value);
      },
    });
  const { state, readiness, turnedAway, expires } = monitored;
  const byCode = (counts: Iterable<[string, number]>): Sample[] =>
    [...counts].map(([code, n]) => [{ code }, n]);
  gauge('signed_entries', 'Leaves under the newest countersigned head.', [], () => [
    [{}, state().size],
  ]);
  gauge('followed_entries', 'Leaves that were read, judged and hashed.', [], () => [
    [{}, state().followed],
  ]);
  gauge(
    'published_entries',
    "Leaves under the log's checkpoint; none when unread.",
    [],
    async () => {
      const { published } = await readiness();
      return published === null ? [] : [[{}, published]];
    },
  );
  gauge('ready_state', '1 while a right request would get its signature.', [], async () => [
    [{}, Number((await readiness()).ready)],
  ]);
  gauge('signed_messages', 'Countersignatures since the start.', [], () => [
    [{}, state().signatures],
  ]);
  gauge('refused_messages', 'Requests that were judged and refused, by code.', ['code'], () =>
    byCode(Object.entries(state().refusals)),
  );
  gauge('turned_away_messages', 'Requests that nobody looked at, by code.', ['code'], () =>
    byCode(turnedAway),
  );
  gauge('certificate_expires_seconds', 'When its certificate ends, Unix time.', [], () => {
    const at = expires();
    return at === null ? [] : [[{}, at.getTime() / 1_000]];
  });
  return registry;
}
