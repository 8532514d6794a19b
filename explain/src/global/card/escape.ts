/** Controls, format and direction marks, private and unassigned code points, lone surrogates: never shown as they are. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;
const MARKDOWN = /[\\`*_{}[\]#+!|~$]/g;

/**
 * A text of unknown origin as one line of Markdown that shows exactly it: no markup, HTML, link, table border or hidden
 * mark survives.
 */
export function escapeMarkdown(text: string): string {
  return text
    .replace(
      INVISIBLE,
      (mark) => `U+${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`,
    )
    .replace(MARKDOWN, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/:(?=\/\/)/g, '\\:')
    .replace(/\bwww\./gi, (word) => `${word.slice(0, 3)}\\.`)
    .replaceAll('@', '\\@')
    .replace(/^(\s*)([-=]|\d+(?=[.)](?:\s|$)))/, (_all, blank: string, mark: string) =>
      /\d/.test(mark) ? `${blank}${mark}\\` : `${blank}\\${mark}`,
    );
}

/** Lines of a stated text, each by itself, with blank lines between paragraphs kept as such. */
export function escapeParagraphs(text: string): string {
  return text
    .split(/\r\n|\n|\r/)
    .map((line) => escapeMarkdown(line.trim()))
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
