import { ExplainError } from '../../errors.ts';

/** One block of `key=value` lines; a line without `=` is a key with an empty value. */
export type Section = ReadonlyMap<string, string>;

export interface Sections {
  readonly header: Section;
  readonly trees: readonly Section[];
  /** what follows the trees: `pandas_categorical` and parameters */
  readonly tail: string;
}

const END = 'end of trees';

/**
 * Cuts a LightGBM text model into its header, its trees and the rest.
 *
 * @throws ExplainError MODEL_SYNTAX, MODEL_TRUNCATED
 */
export function readSections(bytes: Uint8Array): Sections {
  const text = decoded(bytes);
  const end = text.indexOf(`\n${END}`);
  if (end < 0) throw new ExplainError('MODEL_TRUNCATED', { got: `no line "${END}"` });
  const blocks = text.slice(0, end).split(/\n(?=Tree=)/);
  return {
    header: sectionOf(blocks[0] ?? '', 'header'),
    trees: blocks.slice(1).map((block, index) => {
      const section = sectionOf(block, `tree ${index}`);
      if (section.get('Tree') !== `${index}`)
        throw new ExplainError('MODEL_SYNTAX', {
          got: `another number at tree ${index}`,
          want: `Tree=${index}`,
        });
      return section;
    }),
    tail: text.slice(end + 1 + END.length),
  };
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n');
  } catch (cause) {
    throw new ExplainError('MODEL_SYNTAX', { got: 'bytes that are not UTF-8', cause });
  }
}

function sectionOf(block: string, where: string): Section {
  const section = new Map<string, string>();
  for (const line of block.split('\n')) {
    if (line === '') continue;
    const at = line.indexOf('=');
    const key = at < 0 ? line : line.slice(0, at);
    if (section.has(key))
      throw new ExplainError('MODEL_SYNTAX', {
        got: `a key twice in the ${where}`,
        want: 'each once',
      });
    section.set(key, at < 0 ? '' : line.slice(at + 1));
  }
  return section;
}

/** Typed look-ups in a section; `path` names the place in errors. */
export class SectionReader {
  readonly #section: Section;
  readonly path: string;

  constructor(section: Section, path: string) {
    this.#section = section;
    this.path = path;
  }

  has(key: string): boolean {
    return this.#section.has(key);
  }

  text(key: string): string {
    const value = this.#section.get(key);
    if (value === undefined) throw this.#malformed(key, 'nothing', 'a line');
    return value;
  }

  /** Words with single blanks between. */
  words(key: string): readonly string[] {
    const value = this.text(key);
    return value === '' ? [] : value.split(' ');
  }

  count(key: string, absent?: number): number {
    if (absent !== undefined && !this.has(key)) return absent;
    const value = this.text(key);
    if (!/^\d{1,15}$/.test(value)) throw this.#malformed(key, 'another text', 'a count');
    return Number(value);
  }

  numbers(key: string, length: number): Float64Array {
    const words = this.words(key);
    if (words.length !== length) throw this.#malformed(key, `${words.length} numbers`, `${length}`);
    return Float64Array.from(words, (word) => {
      if (!NUMBER.test(word)) throw this.#malformed(key, 'another text', 'numbers');
      return SPECIAL.get(word) ?? Number(word);
    });
  }

  integers(key: string, length: number): Int32Array {
    const numbers = this.numbers(key, length);
    const integers = Int32Array.from(numbers);
    if (numbers.some((number, index) => number !== integers[index]))
      throw this.#malformed(key, 'another number', 'whole numbers of 32 bits');
    return integers;
  }

  #malformed(key: string, got: string, want: string): ExplainError {
    return new ExplainError('MODEL_MALFORMED', { got: `${got} at ${this.path}, ${key}`, want });
  }
}

const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?|[+-]?inf|[+-]?nan)$/;
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
  ['nan', NaN],
  ['+nan', NaN],
  ['-nan', NaN],
]);
