/** What a terminal obeys, and what turns, hides or joins text in it; line feeds are ours. */
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A line as a terminal may show it: what came out of a file is text and nothing else. Characters that a terminal would
 * obey are written as JSON escapes, so that a JSON document stays the same document.
 */
export function forTerminal(line: string): string {
  return line.replace(OBEYED, (character) =>
    character === '\n' ? character : character.split('').map(escaped).join(''),
  );
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
