import express from 'express';
import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import helmet from 'helmet';
import type { Audit } from '@showcause/middleware';
import { toFeatures } from './application/features.ts';
import { answerOf } from './answer.ts';
import { decide } from './decision/decide.ts';
import { RequestRefused } from './errors.ts';
import { modelVersion } from './model-version.ts';
import { problemOf } from './http/problems.ts';
import { applicationIn, readApplication } from './http/read-application.ts';

export interface LoanApiOptions {
  /** made with `loanDeployment()` */
  audit: Audit;
  /** Where the audit's failures and the API's own go; silent by default. Never given a body. */
  onError?: (error: unknown) => void;
}

/**
 * The loan API: `POST /v1/applications` decides and records, `/decisions` shows what was recorded,
 * `/healthz` says whether it can. One process, no state of its own.
 */
export function createLoanApi({ audit, onError = () => {} }: LoanApiOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(helmet({ contentSecurityPolicy: jsonOnly }));
  app.get('/healthz', (_req, res) => {
    const status = audit.status();
    res
      .status(status.ready ? 200 : 503)
      .json({ status: status.ready ? 'ok' : 'not ready', audit: status });
  });
  app.post(
    '/v1/applications',
    ...readApplication(modelVersion),
    audit.route({
      subject: (req) => applicationIn(req).applicantId,
      features: (req) => toFeatures(applicationIn(req)),
      outcome: (body: { decision: string }) => body.decision,
      onUnloggable: 'refuse',
      onUnexplained: 'refer',
    }),
    decideApplication,
  );
  app.all('/v1/applications', (_req, res, next) => {
    res.set('Allow', 'POST');
    next(new RequestRefused('METHOD_UNKNOWN'));
  });
  app.use('/decisions', audit.router());
  app.use((_req, _res, next) => {
    next(new RequestRefused('ROUTE_UNKNOWN'));
  });
  app.use(refusals);
  app.use(audit.problems({ onError }));
  return app;
}

/** Nothing here is a page; those of `audit.router()` state a policy of their own. */
const jsonOnly = {
  useDefaults: false,
  directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
};

const product = { naturalPerson: true, type: 'consumer loan' } as const;

const decideApplication: RequestHandler = async (req, res) => {
  const application = applicationIn(req);
  const verdict = await decide(application, (overrides) => req.decision.score(overrides));
  for (const { code, values } of verdict.rules) req.decision.rule(code, values);
  req.decision.state({ terms: verdict.terms, product });
  res.json(answerOf(verdict, req.decision));
};

const refusals: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (!(error instanceof RequestRefused) || res.headersSent) return next(error);
  res.status(error.status).type('application/problem+json').json(problemOf(error));
};
