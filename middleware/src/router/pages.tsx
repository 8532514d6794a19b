import type { VNode } from 'preact';
import { render } from 'preact-render-to-string';
import type { Contact } from '../options.ts';
import { ContactLine, Layout } from './layout.tsx';
import type { DecisionView } from './view.ts';
import { dateWords, followupSentence, outcomeSentence, receiptSentences } from './words.ts';

/** The form that asks for the page's code. It says nothing about the decision, not even that there is one. */
export function codePage(action: string, contact: Contact, problem: string | null): string {
  return page(
    <Layout title="Your decision" contact={contact}>
      <h1>Your decision</h1>
      {problem !== null && (
        <div class="panel" role="alert">
          <p id="problem">{problem}</p>
        </div>
      )}
      <p>To see this page you need the code that came with your decision. It has 32 characters.</p>
      <form method="post" action={action} autocomplete="off">
        <label for="code">Code</label>
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
        <button type="submit">Show my decision</button>
      </form>
    </Layout>,
  );
}

export function decisionPage(view: DecisionView, action: string, token: string): string {
  return page(
    <Layout title="Your decision" contact={view.contact}>
      <h1>{outcomeSentence(view)}</h1>
      {view.decidedAt !== null && <p class="soft">{dateWords(view.decidedAt)}</p>}
      <Terms view={view} />
      <Reasons view={view} />
      <Rights view={view} />
      <Later view={view} />
      <ReceiptPart view={view} action={action} token={token} />
      <Data view={view} />
    </Layout>,
  );
}

function Terms({ view }: { view: DecisionView }): VNode | null {
  if (view.terms.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="terms">
      <h2 id="terms">{view.outcome === 'counter-offer' ? 'What we offer' : 'What was agreed'}</h2>
      <Pairs pairs={view.terms} />
    </section>
  );
}

function Reasons({ view }: { view: DecisionView }): VNode | null {
  if (view.reasons.length === 0) return null;
  const next = view.reasons.filter((reason) => reason.next !== null);
  return (
    <>
      <section aria-labelledby="reasons">
        <h2 id="reasons">{view.reasons.length === 1 ? 'The main reason' : 'The main reasons'}</h2>
        <ol>
          {view.reasons.map(({ text }) => (
            <li>{text}</li>
          ))}
        </ol>
      </section>
      {next.length > 0 && (
        <section aria-labelledby="next">
          <h2 id="next">What you can do next</h2>
          <ul>
            {next.map((reason) => (
              <li>{reason.next}</li>
            ))}
          </ul>
          <p class="soft">
            This is about this decision and the rules of that day. It is not a promise for a new
            application.
          </p>
        </section>
      )}
    </>
  );
}

function Rights({ view }: { view: DecisionView }): VNode {
  return (
    <>
      <section aria-labelledby="wrong">
        <h2 id="wrong">Is something wrong?</h2>
        <p>
          Look at the information that we used, at the end of this page. If something is not right,
          tell us. We will correct it and look at your application again.
        </p>
      </section>
      <section aria-labelledby="person">
        <h2 id="person">Ask a person</h2>
        <p>
          {view.automated ? 'A computer program made or prepared this decision. ' : ''}
          You can ask for a person to look at it, tell us your own view, and say that you do not
          agree. It costs nothing.
        </p>
        <ContactLine contact={view.contact} />
        {view.accountable !== null && (
          <p>
            Responsible: {view.accountable.team}, {view.accountable.role}.
          </p>
        )}
      </section>
    </>
  );
}

function Later({ view }: { view: DecisionView }): VNode | null {
  if (view.later.length === 0) return null;
  return (
    <section aria-labelledby="later">
      <h2 id="later">What happened later</h2>
      <ul>
        {view.later.map(({ kind, at }) => (
          <li>
            {followupSentence(kind)}
            {at === null ? '' : `, ${dateWords(at)}`}
          </li>
        ))}
      </ul>
    </section>
  );
}

function ReceiptPart({
  view,
  action,
  token,
}: {
  view: DecisionView;
  action: string;
  token: string;
}): VNode {
  const file = `receipt-${view.decisionId}.json`;
  return (
    <section class="panel" aria-labelledby="receipt">
      <h2 id="receipt">Your receipt</h2>
      {receiptSentences(view).map((sentence) => (
        <p>{sentence}</p>
      ))}
      <form method="post" action={`${action}/receipt`}>
        <input type="hidden" name="token" value={token} />
        <button type="submit">Download the receipt</button>
      </form>
      <h3>Check it yourself</h3>
      <p>
        Anybody can check the receipt, without asking us. You need the receipt, the policy file of
        this log, which you get from somebody you trust, for instance the supervisor, and the
        Showcause tools. They are free software; the README of that project says how to install
        them. Take them from there, not from us. Then one command does the rest:
      </p>
      <pre>
        <code>showcause verify receipt {file} --policy policy.json</code>
      </pre>
      <p class="soft">
        Number of this decision: <code>{view.decisionId}</code>
        <br />
        Log: <code>{view.receipt.logId}</code>
      </p>
    </section>
  );
}

function Data({ view }: { view: DecisionView }): VNode | null {
  if (view.data.length === 0) return null;
  return (
    <section aria-labelledby="data">
      <h2 id="data">The information that we used</h2>
      <details>
        <summary>Show it</summary>
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
