import type { VNode } from 'preact';
import { render } from 'preact-render-to-string';
import type { Contact } from '../options.ts';
import { ContactLine, Layout } from './layout.tsx';
import type { DecisionView } from './view.ts';
import { dateWords, receiptSentences } from './words.ts';
import { PAGE_LANGUAGES, followupSentence, outcomeSentence, wordsIn } from './words/page-words.ts';
import type { PageLanguage, PageWords } from './words/page-words.ts';

/** Where a page's forms and links lead, and in which language. */
export interface PagePlace {
  /** path of the decision, without a query */
  readonly path: string;
  readonly language: PageLanguage;
}

/** The form that asks for the page's code. It says nothing about the decision, not even that there is one. */
export function codePage(place: PagePlace, contact: Contact, problem: string | null): string {
  const words = wordsIn(place.language);
  const { intro, label, show } = words.code;
  return page(
    <Layout words={words} contact={contact}>
      <h1>{words.title}</h1>
      {problem !== null && (
        <div class="panel" role="alert">
          <p id="problem">{problem}</p>
        </div>
      )}
      <p>{intro}</p>
      <form method="post" action={addressOf(place)} autocomplete="off">
        <label for="code">{label}</label>
        <input
          id="code"
          name="token"
          type="text"
          required
          pattern="[0-9a-fA-F]{32}"
          maxLength={32}
          spellcheck={false}
          aria-describedby={problem === null ? undefined : 'problem'}
          aria-invalid={problem === null ? undefined : 'true'}
        />
        <button type="submit">{show}</button>
      </form>
      <nav aria-label={words.otherLanguages}>
        <ul class="languages">
          {otherLanguages(place).map(([language, name]) => (
            <li>
              <a href={addressOf({ ...place, language })} hreflang={language} lang={language}>
                {name}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </Layout>,
  );
}

export function decisionPage(view: DecisionView, place: PagePlace, token: string): string {
  const words = wordsIn(place.language);
  return page(
    <Layout words={words} contact={view.contact}>
      <h1>{outcomeSentence(view, words)}</h1>
      {view.decidedAt !== null && <p class="soft">{dateWords(view.decidedAt, place.language)}</p>}
      <Terms view={view} words={words} />
      <Reasons view={view} words={words} />
      <Changes view={view} words={words} />
      <Rights view={view} words={words} />
      <Later view={view} words={words} />
      <ReceiptPart view={view} words={words} path={place.path} token={token} />
      <Data view={view} words={words} />
      <Languages place={place} words={words} token={token} />
    </Layout>,
  );
}

function addressOf({ path, language }: PagePlace): string {
  return `${path}?lang=${language}`;
}

function otherLanguages({ language }: PagePlace): [PageLanguage, string][] {
  return (Object.entries(PAGE_LANGUAGES) as [PageLanguage, string][]).filter(
    ([tag]) => tag !== language,
  );
}

interface Part {
  view: DecisionView;
  words: PageWords;
}

/** The same decision in another language: the code goes along, so nobody types it twice. */
function Languages({
  place,
  words,
  token,
}: {
  place: PagePlace;
  words: PageWords;
  token: string;
}): VNode {
  return (
    <form method="post" class="noprint" aria-label={words.otherLanguages}>
      <input type="hidden" name="token" value={token} />
      {otherLanguages(place).map(([language, name]) => (
        <>
          <button type="submit" formaction={addressOf({ ...place, language })} lang={language}>
            {name}
          </button>{' '}
        </>
      ))}
    </form>
  );
}

function Terms({ view, words }: Part): VNode | null {
  if (view.terms.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="terms">
      <h2 id="terms">{view.outcome === 'counter-offer' ? words.offer : words.agreed}</h2>
      <Pairs pairs={view.terms} />
    </section>
  );
}

function Reasons({ view, words }: Part): VNode | null {
  if (view.reasons.length === 0) return null;
  const next = view.reasons.filter((reason) => reason.next !== null);
  return (
    <>
      <section aria-labelledby="reasons">
        <h2 id="reasons">{view.reasons.length === 1 ? words.mainReason : words.mainReasons}</h2>
        <ol>
          {view.reasons.map(({ text, language }) => (
            <li lang={otherThan(words, language)}>{text}</li>
          ))}
        </ol>
      </section>
      {next.length > 0 && (
        <section aria-labelledby="next">
          <h2 id="next">{words.next}</h2>
          <ul>
            {next.map((reason) => (
              <li lang={otherThan(words, reason.language)}>{reason.next}</li>
            ))}
          </ul>
          <p class="soft">{words.noPromise}</p>
        </section>
      )}
    </>
  );
}

/** The tag of a text that is not in the page's language, so that it is read aloud as what it is. */
function otherThan({ language }: PageWords, of: string | null): string | undefined {
  return of === null || of === language ? undefined : of;
}

function Changes({ view, words }: Part): VNode | null {
  if (view.counterfactuals === null) return null;
  const { caveat, intro, options, within } = view.counterfactuals;
  return (
    <section aria-labelledby="changes">
      <h2 id="changes">{words.changes.title}</h2>
      <p>{intro}</p>
      {options.length > 0 && (
        <ul>
          {options.map(({ text }) => (
            <li>{text}</li>
          ))}
        </ul>
      )}
      {within.length > 0 && (
        <details>
          <summary>{words.changes.looked}</summary>
          <ul>
            {within.map((text) => (
              <li>{text}</li>
            ))}
          </ul>
        </details>
      )}
      {caveat !== null && <p class="soft">{caveat}</p>}
    </section>
  );
}

function Rights({ view, words }: Part): VNode {
  return (
    <>
      <section aria-labelledby="wrong">
        <h2 id="wrong">{words.wrong}</h2>
        <p>{words.wrongText}</p>
      </section>
      <section aria-labelledby="person">
        <h2 id="person">{words.person}</h2>
        <p>
          {view.automated ? `${words.automated} ` : ''}
          {words.personText}
        </p>
        <ContactLine contact={view.contact} words={words} />
        {view.accountable !== null && (
          <p>{words.responsible(view.accountable.team, view.accountable.role)}</p>
        )}
      </section>
    </>
  );
}

function Later({ view, words }: Part): VNode | null {
  if (view.later.length === 0) return null;
  return (
    <section aria-labelledby="later">
      <h2 id="later">{words.later}</h2>
      <ul>
        {view.later.map(({ kind, at }) => (
          <li>
            {followupSentence(kind, words)}
            {at === null ? '' : `, ${dateWords(at, words.language)}`}
          </li>
        ))}
      </ul>
    </section>
  );
}

function ReceiptPart({ view, words, path, token }: Part & { path: string; token: string }): VNode {
  const file = `receipt-${view.decisionId}.json`;
  return (
    <section class="panel" aria-labelledby="receipt">
      <h2 id="receipt">{words.receipt}</h2>
      {receiptSentences(view, words).map((sentence) => (
        <p>{sentence}</p>
      ))}
      <form method="post" action={`${path}/receipt`}>
        <input type="hidden" name="token" value={token} />
        <button type="submit">{words.download}</button>
      </form>
      <h3>{words.check}</h3>
      <p>{words.checkText}</p>
      <pre>
        <code>showcause verify receipt {file} --policy policy.json</code>
      </pre>
      <p class="soft">
        {words.number}: <code>{view.decisionId}</code>
        <br />
        {words.log}: <code>{view.receipt.logId}</code>
      </p>
    </section>
  );
}

function Data({ view, words }: Part): VNode | null {
  if (view.data.length === 0) return null;
  return (
    <section aria-labelledby="data">
      <h2 id="data">{words.data}</h2>
      <details>
        <summary>{words.showData}</summary>
        <Pairs pairs={view.data} />
      </details>
    </section>
  );
}

function Pairs({ pairs }: { pairs: DecisionView['data'] }): VNode {
  return (
    <dl>
      {pairs.map(({ name, value }) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

function page(node: VNode): string {
  return `<!doctype html>${render(node)}`;
}
