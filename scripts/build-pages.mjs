// Renders docs/README.md and every Markdown page that it leads to as HTML beside the playground, in the same folders, so that a copy of
// playground/dist is whole. A link to anything else of the repository becomes its name.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { Marked } from 'marked';

const root = new URL('..', import.meta.url).pathname;
const FIRST = 'docs/README.md';
const template = readFileSync(join(root, 'playground/src/document.html'), 'utf8');

/** GitHub's name of a heading: what links to a part of a page are written for. */
function slug(text) {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

const escaped = (text) =>
  text.replace(
    /[&<>"]/g,
    (mark) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[mark],
  );

/** The page and the pages of the repository that it links to. */
function rendered(page) {
  const linked = new Set();
  let tables = 0;
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${slug(text.replace(/[`*]|\]\([^)]*\)/g, ''))}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const inner = this.parser.parseInline(tokens);
        if (/^https?:/.test(href) || href.startsWith('#'))
          return `<a href="${escaped(href)}">${inner}</a>`;
        const [path, part] = href.split('#');
        const target = normalize(join(dirname(page), path));
        if (!target.endsWith('.md') || target.startsWith('..') || !existsSync(join(root, target)))
          return inner;
        linked.add(target);
        const to = relative(dirname(page), target).replace(/\.md$/, '.html');
        return `<a href="${escaped(part === undefined ? to : `${to}#${part}`)}">${inner}</a>`;
      },
      code({ text }) {
        return `<pre tabindex="0"><code>${escaped(text)}</code></pre>\n`;
      },
      table(token) {
        // A table scrolls by itself on a narrow screen.
        const cells = (row, name) =>
          row.map((cell) => `<${name}>${this.parser.parseInline(cell.tokens)}</${name}>`).join('');
        return `<div class="scroll" tabindex="0" role="region" aria-label="Table ${++tables}"><table><thead><tr>${cells(token.header, 'th')}</tr></thead><tbody>${token.rows
          .map((row) => `<tr>${cells(row, 'td')}</tr>`)
          .join('')}</tbody></table></div>\n`;
      },
    },
  });
  const text = readFileSync(join(root, page), 'utf8');
  const body = marked.parse(text);
  const title = /^# (.+)$/m.exec(text)?.[1] ?? page;
  return { body, title, linked };
}

const done = new Set();
const waiting = [FIRST];
for (let page = waiting.pop(); page !== undefined; page = waiting.pop()) {
  if (done.has(page)) continue;
  done.add(page);
  const { body, title, linked } = rendered(page);
  waiting.push(...linked);
  const file = join(root, 'playground/dist', page.replace(/\.md$/, '.html'));
  const parts = {
    '{{title}}': escaped(title.replace(/[`*]/g, '')),
    '{{home}}': `${relative(dirname(page), '.') || '.'}/index.html`,
    '{{pages}}': relative(dirname(page), FIRST.replace(/\.md$/, '.html')),
    '<!-- body -->': body,
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    template.replace(/\{\{\w+\}\}|<!-- body -->/g, (name) => parts[name]),
  );
}
