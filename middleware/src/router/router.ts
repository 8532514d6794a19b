import { createHash } from 'node:crypto';
import helmet from 'helmet';
import { formatReceipt } from '@showcause/core';
import { AuditError } from '../errors.ts';
import type { RouteContext } from '../express/route.ts';
import type { Request, RequestHandler, Response } from '../express/types.ts';
import { problem, problemOf, sendProblem } from '../problems.ts';
import type { KnownDecision, ReceiptMaker } from '../receipts/receipts.ts';
import { pageLanguage } from './language.ts';
import { codePage, decisionPage } from './pages.tsx';
import { SCRIPT, STYLE } from './style.ts';
import { Attempts, opens } from './token.ts';
import { decisionView } from './view.ts';
import { wordsIn } from './words/page-words.ts';

export interface RouterParts {
  context: RouteContext;
  receipts: ReceiptMaker;
}

const MAX_FORM_BYTES = 4096;

/**
 * `GET /:id` is a form for the page's code; `POST /:id` the decision in plain words; the same as JSON
 * with `Accept: application/json` and `Authorization: Bearer <code>`; `/:id/receipt` the receipt file. Page and twin are in the
 * language of `?lang=`, else of `Accept-Language`, else of the registry.
 */
export function decisionRouter(parts: RouterParts): RequestHandler {
  const attempts = new Attempts();
  const protect = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: contentSecurityPolicy() },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  });
  return (req, res, next) => {
    const match = /^\/([0-9a-f]{32})(\/receipt)?\/?$/.exec(req.path);
    if (match === null) return next();
    protect(req, res, (error?: unknown) => {
      if (error !== undefined) return next(error);
      res.setHeader('Cache-Control', 'no-store');
      serve(parts, attempts, req, res, match[1]!, match[2] !== undefined).catch(next);
    });
  };
}

async function serve(
  parts: RouterParts,
  attempts: Attempts,
  req: Request,
  res: Response,
  id: string,
  file: boolean,
): Promise<void> {
  const wantsJson = file || req.accepts(['html', 'json']) === 'json';
  const { contact, registry } = parts.context;
  const language = pageLanguage(req, registry?.language);
  const place = { path: `${req.baseUrl}/${id}`, language };
  res.setHeader('Vary', 'Accept, Accept-Language');
  try {
    if (req.method !== 'GET' && req.method !== 'HEAD' && req.method !== 'POST')
      return methodRefused(res, parts);
    const bearer = bearerOf(req);
    if (req.method !== 'POST' && bearer === null && !wantsJson)
      return sendHtml(res, 200, language, codePage(place, contact, null));
    const token = req.method === 'POST' && bearer === null ? await formToken(req) : (bearer ?? '');
    const known = await unlock(parts, attempts, callerOf(req), id, token);
    if (file) return sendReceipt(res, known);
    const { model, policy } = parts.context;
    const view = decisionView(known, {
      contact,
      registry,
      policy,
      featureNames: model?.featureNames ?? [],
      language,
      isOwed: (decisionId) => parts.context.later?.owes(decisionId) ?? false,
    });
    if (wantsJson) return void res.status(200).json(view);
    sendHtml(res, 200, language, decisionPage(view, place, token));
  } catch (error) {
    const refused = problemOf(error);
    if (refused === null) throw error;
    if (wantsJson || req.method !== 'POST') sendProblem(res, refused, contact);
    else
      sendHtml(
        res,
        refused.status,
        language,
        codePage(place, contact, wordsIn(language).code.problems[refused.code] ?? refused.title),
      );
  }
}

/**
 * An unknown decision and a wrong code look the same from outside, and neither costs a proof: the log
 * is asked only once the code is right. The right code always opens, whatever others have tried.
 */
async function unlock(
  { context, receipts }: RouterParts,
  attempts: Attempts,
  caller: string,
  id: string,
  token: string,
): Promise<KnownDecision> {
  const recorded = await receipts.recorded(id);
  if (recorded === null || !opens(token, recorded.entry.container['page'], context.now())) {
    attempts.wrong(caller, context.now());
    throw new AuditError('PAGE_TOKEN', { got: 'a code that is not this page’s' });
  }
  return receipts.known(recorded);
}

function sendReceipt(res: Response, known: KnownDecision): void {
  const body = Buffer.from(formatReceipt(known.receipt));
  res.setHeader('Content-Type', 'application/json');
  res.setHeader(
    'Content-Disposition',
    `attachment; filename="receipt-${known.decision.decisionId}.json"`,
  );
  res.end(body);
}

function sendHtml(res: Response, status: number, language: string, html: string): void {
  res.statusCode = status;
  res.setHeader('Content-Language', language);
  res.setHeader('Content-Type', 'text/html; charset=utf-8');
  res.end(html);
}

function methodRefused(res: Response, parts: RouterParts): void {
  res.setHeader('Allow', 'GET, HEAD, POST');
  sendProblem(res, problem(405, 'METHOD_NOT_ALLOWED'), parts.context.contact);
}

function bearerOf(req: Request): string | null {
  const match = /^Bearer ([0-9a-f]{32})$/i.exec(req.headers.authorization ?? '');
  return match === null ? null : match[1]!.toLowerCase();
}

function callerOf(req: Request): string {
  return req.ip ?? req.socket.remoteAddress ?? 'unknown';
}

/** The one field of the form, whether a parser in front has read it or not. */
async function formToken(req: Request): Promise<string> {
  const body = req.body as unknown;
  if (
    body !== null &&
    typeof body === 'object' &&
    'token' in body &&
    typeof body.token === 'string'
  )
    return clean(body.token);
  if (req.readableEnded) return '';
  let text = '';
  for await (const chunk of req as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1');
    if (text.length > MAX_FORM_BYTES)
      throw new AuditError('REQUEST_SIZE', {
        got: 'a larger form',
        want: `at most ${MAX_FORM_BYTES} bytes`,
      });
  }
  return clean(new URLSearchParams(text).get('token') ?? '');
}

function clean(token: string): string {
  return token.trim().toLowerCase();
}

function contentSecurityPolicy(): Record<string, string[]> {
  const hash = (text: string): string =>
    `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return {
    'default-src': ["'none'"],
    'style-src': [hash(STYLE)],
    'script-src': [hash(SCRIPT)],
    'form-action': ["'self'"],
    'base-uri': ["'none'"],
    'frame-ancestors': ["'none'"],
  };
}
