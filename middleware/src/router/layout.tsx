import type { ComponentChildren, VNode } from 'preact';
import type { Contact } from '../options.ts';
import { SCRIPT, STYLE } from './style.ts';

/** The frame of every page. Text only reaches it as children, which preact escapes. */
export function Layout({
  title,
  contact,
  children,
}: {
  title: string;
  contact: Contact;
  children: ComponentChildren;
}): VNode {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>{title}</title>
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <main id="main">{children}</main>
        <footer>
          <h2>Questions?</h2>
          <ContactLine contact={contact} />
        </footer>
        <script dangerouslySetInnerHTML={{ __html: SCRIPT }} />
      </body>
    </html>
  );
}

/** The person to ask, the same on every page. */
export function ContactLine({ contact }: { contact: Contact }): VNode {
  const { name, url, email, phone } = contact;
  return (
    <p>
      Ask {name}.
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
      {phone !== undefined && <> Phone: {phone}</>}
    </p>
  );
}
