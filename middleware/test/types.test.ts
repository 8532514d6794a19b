import { expect, test } from '@jest/globals';
import express from 'express';
import type { RequestHandler } from 'express';
import type { Audit } from '../src/index.ts';
import { createTestAudit } from '../src/testing.ts';

/*
 * What is held here is held by the compiler: a route's selectors see the types of the route they are
 * mounted on, and a wrong member does not compile.
 */

interface Answer {
  decision: 'approved' | 'denied';
}
interface Application {
  applicantId: string;
  features: Record<string, number | null>;
}

/** Handlers written in place, as a reader of the documentation writes them. */
function inline(app: express.Express, audit: Audit): void {
  app.post(
    '/inline',
    audit.route({
      subject: (req) => req.body.applicantId,
      features: (req) => req.body.features,
      outcome: (body) => body.decision,
    }),
    async (req, res) => {
      const id: string = req.decision.id;
      res.json({ id, decision: 'approved', from: req.body.applicantId });
    },
  );
  app.post('/params/:id', audit.route(), (req, res) => {
    const id: string = req.params.id;
    res.json({ id });
  });
  app.post('/plain/:id', audit(), (req, res) => {
    const id: string = req.params.id;
    res.json({ id, query: req.query['q'], body: req.body.anything });
  });
  app.post('/wrong/:id', audit.route(), (req, res) => {
    // @ts-expect-error -- the path has no such parameter
    res.json(req.params.other);
  });
  app.post(
    '/subject',
    // @ts-expect-error -- a person is named by a string
    audit.route({ subject: () => 7 }),
    (_req, res) => res.json({}),
  );
  // @ts-expect-error -- no such option
  app.post('/option', audit.route({ subjekt: () => 'p' }), (_req, res) => res.json({}));
}

type Params = { branch: string };
const typed: RequestHandler<Params, Answer, Application> = (req, res) => {
  const branch: string = req.params.branch;
  res.json({ decision: branch === 'north' ? 'approved' : 'denied' });
};

/** A handler with types of its own: they are the selectors' too. */
function separate(app: express.Express, audit: Audit): void {
  app.post(
    '/typed/:branch',
    audit.route<Params, Answer, Application>({
      subject: (req) => req.body.applicantId,
      features: (req) => req.body.features,
      outcome: (body) => body.decision,
    }),
    typed,
  );
  app.post(
    '/typed-wrong/:branch',
    audit.route<Params, Answer, Application>({
      // @ts-expect-error -- the request has no such member
      subject: (req) => req.body.applicant,
      // @ts-expect-error -- nor the answer
      outcome: (body) => body.verdict,
    }),
    typed,
  );
  const annotated: RequestHandler<Params, Answer, Application> = audit.route({
    subject: (req) => req.body.applicantId,
    // @ts-expect-error -- taken from where the route is mounted
    outcome: (body) => body.verdict,
  });
  app.post('/typed-mounted/:branch', annotated, typed);
}

test('routes of both styles mount', async () => {
  const { audit } = await createTestAudit();
  const app = express();
  // The wrong ones are for the compiler; some are refused when run, as they should be.
  expect(() => inline(app, audit)).toThrow(expect.objectContaining({ code: 'OPTIONS_UNKNOWN' }));
  separate(app, audit);
  await audit.close();
});
