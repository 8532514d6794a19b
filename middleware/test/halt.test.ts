import { afterEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { watchHalt } from '../src/halt.ts';
import type { HaltSource, RouteOptions } from '../src/index.ts';
import { createTestAudit } from '../src/testing.ts';
import { model, policy, reasons } from './model.ts';
import { checkReceipt, checkStreams, listen, newestClaims } from './support.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A switch: what it says, and how often it was asked. */
function lever(says: boolean | Error): HaltSource & { says: boolean | Error; asked: number } {
  return {
    says,
    asked: 0,
    halted() {
      this.asked++;
      return this.says instanceof Error ? Promise.reject(this.says) : Promise.resolve(this.says);
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(holds()).toBe(true);
}

describe('what is known of a halt', () => {
  const watching = async (source: HaltSource, more: object = {}, clock?: () => number) => {
    const watch = watchHalt({ source, pollMs: 2, ...more }, clock);
    closing.push(() => watch.close());
    await watch.ready;
    return watch;
  };

  test('without a source nothing is ever halted', () => {
    const watch = watchHalt(undefined);
    expect(watch.halted()).toBe(false);
    expect(watch.status()).toBeNull();
  });

  test('it is asked again and again, and follows both ways', async () => {
    const source = lever(false);
    const watch = await watching(source);
    expect(watch.status()).toMatchObject({ state: 'running' });
    source.says = true;
    await until(() => watch.halted());
    expect(watch.status()!.state).toBe('halted');
    source.says = false;
    await until(() => !watch.halted());
  });

  test('a source that fails: the last answer counts until it is too old, then all is halted', async () => {
    let now = 0;
    const source = lever(false);
    const watch = await watching(source, { maxAgeMs: 100 }, () => now);
    source.says = new Error('away');
    const asked = source.asked;
    await until(() => source.asked > asked + 1);
    now = 100;
    expect(watch.halted()).toBe(false);
    now = 101;
    expect(watch.halted()).toBe(true);
    expect(watch.status()).toStrictEqual({ state: 'unknown', ageMs: 101 });
    source.says = false;
    await until(() => !watch.halted());
  });

  test('a source that never answered: unknown, which is halted', async () => {
    const watch = await watching({ halted: () => new Promise(() => undefined) });
    expect(watch.status()).toStrictEqual({ state: 'unknown', ageMs: null });
    expect(watch.halted()).toBe(true);
  });

  test('a question without answer is given up, and asked again', async () => {
    let asked = 0;
    const source = {
      halted: () =>
        asked++ === 0 ? new Promise<boolean>(() => undefined) : Promise.resolve(false),
    };
    const watch = await watching(source, { maxAgeMs: 5 });
    await until(() => asked > 1);
    await until(() => watch.status()!.ageMs !== null);
  });

  test('an answer to an older question does not undo a newer one', async () => {
    const answers: ((halted: boolean) => void)[] = [];
    let now = 0;
    const source = {
      halted: () => (now++, new Promise<boolean>((resolve) => answers.push(resolve))),
    };
    const watch = await watching(source, { maxAgeMs: 5 }, () => now);
    await until(() => answers.length > 1);
    answers[1]!(true);
    await until(() => watch.status()!.ageMs !== null);
    answers[0]!(false);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(watch.halted()).toBe(true);
  });

  test('anything but a plain no is a yes', async () => {
    const watch = await watching({ halted: () => Promise.resolve('false' as never) });
    expect(watch.halted()).toBe(true);
  });

  test('once closed it asks no more', async () => {
    const source = lever(false);
    const watch = await watching(source);
    watch.close();
    const { asked } = source;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(source.asked - asked).toBeLessThanOrEqual(1);
  });
});

describe('a halted route', () => {
  interface Route extends Partial<RouteOptions<never, never, never, never>> {
    /** what the handler waits for before it asks the model */
    readonly worksUntil?: () => Promise<void>;
  }

  async function api(source: HaltSource, { worksUntil, ...route }: Route) {
    let asked = 0;
    const counted = {
      ...model(),
      predict: (row: ArrayLike<number>) => (asked++, model().predict(row)),
    };
    const audited = await createTestAudit({
      model: counted,
      reasons,
      policy,
      halt: { source, pollMs: 2 },
    });
    const app = express();
    app.post(
      '/loans',
      audited.audit.route({
        features: () => ({ income: 9000, debts: 0 }),
        outcome: (body) => body.decision,
        ...(route as object),
      }),
      async (req, res) => {
        await worksUntil?.();
        await req.decision.score();
        res.json({ decision: 'approved' });
      },
    );
    app.use(audited.audit.problems());
    const server = await listen(app);
    closing.push(server.close, () => audited.audit.close(100));
    return {
      audited,
      asked: () => asked,
      ask: () =>
        fetch(`${server.url}/loans`, {
          method: 'POST',
          body: '{}',
          headers: { 'content-type': 'application/json' },
        }),
    };
  }

  test("'refuse' (default): 503 before the model runs, nothing recorded, not ready", async () => {
    const source = lever(true);
    const { audited, ask, asked } = await api(source, {});
    const answer = await ask();
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'DECISION_HALTED' });
    expect(asked()).toBe(0);
    expect(checkStreams(audited)[0]!.entries.map(({ type }) => type)).toStrictEqual(['stream']);
    expect(audited.audit.status()).toMatchObject({ ready: false, halt: { state: 'halted' } });
    source.says = false;
    await until(() => audited.audit.status().ready);
    expect((await ask()).status).toBe(200);
    expect(audited.audit.status()).toMatchObject({ inFlight: 0, halt: { state: 'running' } });
  });

  test("'refer': 202, recorded as referred, with a receipt; the model is not asked", async () => {
    const { audited, ask, asked } = await api(lever(true), { onHalt: 'refer' });
    const answer = await ask();
    expect(answer.status).toBe(202);
    const { responseHash } = checkReceipt(answer.headers.get('decision-receipt'), audited);
    expect(await answer.json()).toMatchObject({ code: 'DECISION_HALTED' });
    expect(await newestClaims(audited)).toMatchObject({
      status: 'decided',
      outcome: 'referred',
      responseHash,
      responseStatus: 202,
    });
    expect(asked()).toBe(0);
    await until(() => audited.audit.status().inFlight === 0);
  });

  test('a halt that comes while the handler runs stops its next model call', async () => {
    const source = lever(false);
    const { audited, ask, asked } = await api(source, {
      worksUntil: () => until(() => audited.audit.status().halt?.state === 'halted'),
    });
    const answering = ask();
    await until(() => audited.audit.status().inFlight === 1);
    source.says = true;
    const answer = await answering;
    expect(answer.status).toBe(503);
    expect(asked()).toBe(0);
    expect(await newestClaims(audited)).toMatchObject({
      status: 'error',
      error: { code: 'DECISION_HALTED' },
    });
  });

  test('outside Express it throws before anything is decided', async () => {
    const { audited } = await api(lever(true), {});
    await expect(audited.audit.wrap({ name: 'job' }, { value: 1 }, () => 2)).rejects.toMatchObject({
      code: 'DECISION_HALTED',
    });
  });
});
