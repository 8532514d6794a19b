import type { Request } from '../express/types.ts';
import { PAGE_LANGUAGES, pageLanguageOf } from './words/page-words.ts';
import type { PageLanguage } from './words/page-words.ts';

/** Longer headers than any browser sends are not read. */
const MAX_HEADER = 1_000;

/** The language that an address asks for with `?lang=`; null where it asks for none of the page's. */
export function askedLanguage(req: Request): PageLanguage | null {
  const { lang } = req.query;
  return typeof lang === 'string' && Object.hasOwn(PAGE_LANGUAGES, lang)
    ? (lang as PageLanguage)
    : null;
}

/** What the address asks for, else what the browser prefers, else the registry's own language. */
export function pageLanguage(req: Request, registryLanguage: string | undefined): PageLanguage {
  const asked = askedLanguage(req);
  if (asked !== null) return asked;
  const own = (registryLanguage === undefined ? null : pageLanguageOf(registryLanguage)) ?? 'en';
  const header = req.headers['accept-language'];
  if (header === undefined || header.length > MAX_HEADER) return own;
  // Its own first: it stands for '*', and among equals.
  const others = Object.keys(PAGE_LANGUAGES).filter((tag) => tag !== own);
  const preferred = req.acceptsLanguages(own, ...others);
  return typeof preferred === 'string' ? (preferred as PageLanguage) : own;
}
