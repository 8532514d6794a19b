import { cleanText, element, escapeClean, escapeXml, isolatedRuns } from './xml.ts';
import type { Attributes } from './xml.ts';

/** Widths of Helvetica's characters from U+0020 to U+007E, in thousandths of the font size (Adobe font metrics). */
const HELVETICA = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
  556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
  611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
  667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
  222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
/** Fonts of systems are up to this much wider. */
const WIDER = 1.18;
/** Characters outside ASCII: letters with marks are narrower, ideographs and emoji as wide as high. */
const OTHER_WIDTH = 700;
const WIDE_WIDTH = 1050;

const ELLIPSIS = '…';

/** Pixels that a text takes at most, by estimate: a plot is drawn where there is no font to measure with. */
export function textWidth(text: string, size: number): number {
  let thousandths = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    thousandths +=
      HELVETICA[code - 0x20] ??
      (code >= 0x1100 && code !== 0x2212 && code !== 0x2026 && !isNarrow(code)
        ? WIDE_WIDTH
        : OTHER_WIDTH);
  }
  return (thousandths * WIDER * size) / 1000;
}

function isNarrow(code: number): boolean {
  return code >= 0x1e00 && code < 0x2e80;
}

/** The text, or as much of its beginning as fits with an ellipsis behind it. */
export function ellipsized(text: string, size: number, width: number): string {
  const clean = cleanText(text);
  if (textWidth(clean, size) <= width) return clean;
  const characters = [...clean];
  let kept = characters.length;
  while (
    kept > 1 &&
    textWidth(characters.slice(0, kept).join('').trimEnd() + ELLIPSIS, size) > width
  )
    kept -= kept > 256 ? kept - 255 : 1;
  return characters.slice(0, kept).join('').trimEnd() + ELLIPSIS;
}

/** Lines of words, none wider than `width`; a word that is wider is cut, and so is what follows the last line. */
export function wrapped(text: string, size: number, width: number, most = 3): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of cleanText(text).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && textWidth(longer, size) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  lines.push(line);
  if (lines.length > most) lines.splice(most - 1, lines.length, lines.slice(most - 1).join(' '));
  return lines.map((words) => ellipsized(words, size, width));
}

/** A text at a place; where it had to be cut, the whole of it is its tooltip. */
export function label(text: string, width: number, size: number, attributes: Attributes): string {
  const shown = ellipsized(text, size, width);
  return cutLabel(isolatedRuns(shown), shown === cleanText(text) ? null : text, size, attributes);
}

/** A text that was made to fit. @param shown  clean  @param whole  for the tooltip; null: nothing was cut */
export function cutLabel(
  shown: string,
  whole: string | null,
  size: number,
  attributes: Attributes,
): string {
  const tooltip = whole === null ? [] : [element('title', {}, escapeXml(whole))];
  return element('text', { 'font-size': size, ...attributes }, ...tooltip, escapeClean(shown));
}
