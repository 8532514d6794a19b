import type { ComponentChildren, VNode } from 'preact';
import type { Contact } from '../options.ts';
import type { PageWords } from './words/page-words.ts';
import { SCRIPT, STYLE } from './style.ts';

/** The frame of every page. Text only reaches it as children, which preact escapes. */
export function Layout({
  words,
  contact,
  children,
}: {
  words: PageWords;
  contact: Contact;
  children: ComponentChildren;
}): VNode {
  return (
    <html lang={words.language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>{words.title}</title>
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <main id="main">{children}</main>
        <footer>
          <h2>{words.questions}</h2>
          <ContactLine contact={contact} words={words} />
        </footer>
        <script dangerouslySetInnerHTML={{ __html: SCRIPT }} />
      </body>
    </html>
  );
}

/** The person to ask, the same on every page. */
export function ContactLine({ contact, words }: { contact: Contact; words: PageWords }): VNode {
  const { name, url, email, phone } = contact;
  return (
    <p>
      {words.ask(name)}
      {url !== undefined && (
        <>
          {' '}
          <a href={url}>{url}</a>
        </>
      )}
      {email !== undefined && (
        <>
          {' '}
          <a href={`mailto:${email}`}>{email}</a>
        </>
      )}
      {phone !== undefined && (
        <>
          {' '}
          {words.phone}: {phone}
        </>
      )}
    </p>
  );
}
