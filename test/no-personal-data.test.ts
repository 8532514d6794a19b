import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort, Processes, startLoanApi, startSet } from '@showcause/parts';
import type { PartsSet } from '@showcause/parts';
import { heldOutApplications } from '../examples/demo/src/commands.ts';
import { pause } from '../examples/demo/src/wait.ts';
import { describeWithAnvil } from './support/anvil.ts';
import { cleanEnvironment, temporaryFolder } from './support/demo.ts';

const WITHIN_MS = 120_000;
/** In every input below, and lawful nowhere else. */
const NAME = 'Wilhelmina-Planted';
/** A sum that no count, port or time of these outputs is. */
const SUM = 12_347;
const planted = new RegExp(`${NAME}|planted|\\b${SUM}\\b`, 'i');

interface Application {
  applicationId: string;
  applicantId: string;
  loan: Record<string, unknown>;
}

describeWithAnvil('what the processes say of themselves', () => {
  const dir = join(temporaryFolder(), 'set');
  const telemetry = join(dir, 'telemetry.ndjson');
  const api = new Processes();
  const problems: string[] = [];
  let set: PartsSet;
  let urls: { api: string; service: string; countersigner: string; metrics: string };

  beforeAll(async () => {
    const metrics = await freePort();
    const listen = JSON.stringify({ host: '127.0.0.1', port: metrics });
    set = await startSet({
      dir,
      only: new Set(['evm', 'countersigner', 'service']),
      env: { ...cleanEnvironment, SHOWCAUSE_SERVE__METRICS: listen },
    });
    const at = (name: string): string => set.parts.find((part) => part.name === name)!.address;
    const preload = new URL('support/otel-to-file.mjs', import.meta.url).href;
    const running = await startLoanApi(
      {
        processes: api,
        env: { ...cleanEnvironment, NODE_OPTIONS: `--import ${preload}`, OTEL_TO_FILE: telemetry },
        logs: join(dir, 'logs'),
      },
      { parties: set.parties, log: at('service'), kafka: null },
    );
    urls = {
      api: running.listening,
      service: at('service'),
      countersigner: at('countersigner'),
      metrics: `http://127.0.0.1:${metrics}/metrics`,
    };
    await decideAll();
    await provoke();
    await pause(1_500);
  }, WITHIN_MS);
  afterAll(async () => {
    await api.stopAll();
    await set?.stop();
  });

  /** Every held-out applicant under a planted name, a few at a time. */
  async function decideAll(): Promise<void> {
    const all = readFileSync(heldOutApplications, 'utf8').trimEnd().split('\n');
    const queue = all.map((line, i) => ({ application: JSON.parse(line) as Application, i }));
    const client = async (): Promise<void> => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const { application, i } = next;
        const response = await apply(
          JSON.stringify({
            ...application,
            applicationId: `${NAME}-file-${i}`,
            applicantId: `${NAME}-${i}`,
            loan: { ...application.loan, amount: SUM },
          }),
        );
        expect(response.status).toBe(200);
      }
    };
    await Promise.all([client(), client(), client(), client()]);
  }

  async function apply(body: string, headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(`${urls.api}/v1/applications`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    const text = await response.text();
    if (response.status !== 200) problems.push(text);
    return response;
  }

  /** Whatever makes a process complain, with the name in it. */
  async function provoke(): Promise<void> {
    const [first] = readFileSync(heldOutApplications, 'utf8').split('\n');
    const lawful = { ...(JSON.parse(first!) as Application), applicantId: NAME };
    await apply(`{"applicantId":"${NAME}`);
    await apply(JSON.stringify({ ...lawful, ofLegalAge: NAME }));
    await apply(JSON.stringify({ ...lawful, loan: { ...lawful.loan, purpose: NAME } }));
    await apply(JSON.stringify({ ...lawful, loan: { ...lawful.loan, amount: `${SUM}` } }));
    await apply(JSON.stringify(lawful), { 'content-type': `text/${NAME}` });
    await apply(JSON.stringify(lawful), {
      'idempotency-key': NAME,
      traceparent: NAME,
      baggage: `name=${NAME}`,
    });
    await apply(NAME.repeat(4_000));
    const ask = async (url: string, init: RequestInit = {}): Promise<void> => {
      const response = await fetch(url, {
        ...init,
        headers: { authorization: `Bearer ${NAME}`, cookie: NAME },
      });
      problems.push(await response.text());
    };
    await ask(`${urls.api}/decisions/${NAME}?name=${NAME}`);
    await ask(`${urls.api}/${NAME}`);
    for (const path of [
      `v1/entries/${NAME}`,
      `v1/entries?${NAME}=1`,
      `v1/promises/${NAME}/1/1`,
      `tile/${NAME}`,
      `anchors/${NAME}`,
      NAME,
      '%E0%A4%A',
    ])
      await ask(`${urls.service}/${path}`);
    await ask(`${urls.countersigner}/countersign`, { method: 'POST', body: NAME });
    await ask(`${urls.countersigner}/${NAME}`);
  }

  const logOf = (name: string): string => readFileSync(join(dir, 'logs', `${name}.log`), 'utf8');

  test.each(['loan-api', 'service', 'countersigner'])(
    '%s logs JSON lines with a level, and no name',
    (name) => {
      const lines = logOf(name)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      for (const line of lines)
        if (line['listening'] === undefined) {
          expect(line).toMatchObject({ time: expect.anything(), level: expect.anything() });
          expect(typeof (line['msg'] ?? line['message'])).toBe('string');
        }
      expect(logOf(name)).not.toMatch(planted);
    },
  );

  test('traces and metrics of the API hold none', () => {
    const text = readFileSync(telemetry, 'utf8');
    expect(text).toContain('showcause.decisions');
    expect(text).toContain('"attributes"');
    expect(text).not.toMatch(planted);
  });

  test.each([
    ['metrics of the service', () => urls.metrics, 'showcause_log_entries'],
    ['its readiness', () => `${urls.service}/readyz`, 'ready'],
    ['health of the API', () => `${urls.api}/healthz`, 'spool'],
    ['health of the countersigner', () => `${urls.countersigner}/health`, 'address'],
  ])('%s: none', async (_name, url, contains) => {
    const text = await (await fetch(url())).text();
    expect(text).toContain(contains);
    expect(text).not.toMatch(planted);
  });

  test('a refusal does not repeat what it refuses', () => {
    expect(problems.length).toBeGreaterThan(12);
    for (const problem of problems) expect(problem).not.toMatch(planted);
  });
});
