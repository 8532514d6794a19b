import { ExplainError } from '../../errors.ts';

/** A text cut into words and what stands between them. */
export interface Words {
  /** words and what stands between them, in order: together the text */
  readonly pieces: readonly string[];
  /** for each piece the number of its word, -1 for what stands between words */
  readonly wordOf: Int32Array;
  readonly words: readonly Word[];
}

export interface Word {
  readonly text: string;
  /** where it stands, in UTF-16 code units from the start of the text: several places for a word of a bag */
  readonly at: readonly number[];
}

const MAX_LENGTH = 1_000_000;
const MAX_WORDS = 2000;

/** @throws ExplainError EXPLAIN_TEXT */
export function wordsOf(text: string, bagOfWords: boolean): Words {
  if (typeof text !== 'string' || text.length > MAX_LENGTH)
    throw refused(typeof text === 'string' ? `${text.length} characters` : typeof text);
  const pieces = text.split(/([^\p{L}\p{N}_]+)/u).filter((piece) => piece !== '');
  const wordOf = new Int32Array(pieces.length).fill(-1);
  const words: { text: string; at: number[] }[] = [];
  const known = new Map<string, number>();
  let at = 0;
  pieces.forEach((piece, i) => {
    if (/^[\p{L}\p{N}_]/u.test(piece)) {
      const word = (bagOfWords ? known.get(piece) : undefined) ?? words.length;
      if (word === words.length) words.push({ text: piece, at: [] });
      known.set(piece, word);
      words[word]?.at.push(at);
      wordOf[i] = word;
    }
    at += piece.length;
  });
  if (words.length === 0 || words.length > MAX_WORDS) throw refused(`${words.length} words`);
  return { pieces, wordOf, words };
}

/** The text with `mask` for each word whose number in `kept` is 0. */
export function withoutWords(
  { pieces, wordOf }: Words,
  kept: ArrayLike<number>,
  mask: string,
): string {
  let text = '';
  pieces.forEach((piece, i) => {
    const word = wordOf[i] as number;
    text += word >= 0 && kept[word] === 0 ? mask : piece;
  });
  return text;
}

function refused(got: string): ExplainError {
  return new ExplainError('EXPLAIN_TEXT', {
    got,
    want: `1 to ${MAX_WORDS} words in at most ${MAX_LENGTH} characters`,
  });
}
