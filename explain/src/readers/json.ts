import { ExplainError } from '../errors.ts';
import type { DocumentObject, DocumentValue, ReaderLimits } from './document.ts';

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS: readonly (readonly [string, DocumentValue])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
];
/** Characters of a number or word, at most, that can be left at the end of a cut text. */
const LONGEST_WORD = 32;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * RFC 8259 JSON and the bare tokens NaN, Infinity and -Infinity, which XGBoost writes for categorical splits.
 * Otherwise strict: UTF-8, one document, no duplicate keys, bounded depth. Objects come back as maps.
 */
export function readJson(bytes: Uint8Array, limits: ReaderLimits): DocumentValue {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ExplainError('MODEL_SYNTAX', { got: 'bytes that are no UTF-8', want: 'JSON', cause });
  }
  return new JsonParser(text, limits).document();
}

class JsonParser {
  readonly #text: string;
  readonly #limits: ReaderLimits;
  #at = 0;

  constructor(text: string, limits: ReaderLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  document(): DocumentValue {
    const value = this.#value(0);
    this.#blanks();
    if (this.#at !== this.#text.length) throw this.#refused('bytes behind the document');
    return value;
  }

  #value(depth: number): DocumentValue {
    if (depth > this.#limits.maxDepth)
      throw new ExplainError('MODEL_LIMIT', {
        got: 'deeper nesting',
        want: `at most ${this.#limits.maxDepth} levels`,
      });
    this.#blanks();
    const start = this.#text[this.#at];
    if (start === '{') return this.#object(depth);
    if (start === '[') return this.#array(depth);
    if (start === '"') return this.#string();
    return this.#numberOrWord();
  }

  #object(depth: number): DocumentObject {
    const object = new Map<string, DocumentValue>();
    this.#at++;
    if (this.#skip('}')) return object;
    do {
      this.#blanks();
      if (this.#text[this.#at] !== '"') throw this.#refused('no member name');
      const name = this.#string();
      if (object.has(name)) throw this.#refused('a member named twice');
      if (!this.#skip(':')) throw this.#refused('no colon');
      object.set(name, this.#value(depth + 1));
    } while (this.#skip(','));
    if (!this.#skip('}')) throw this.#refused('an unclosed object');
    return object;
  }

  #array(depth: number): readonly DocumentValue[] {
    const array: DocumentValue[] = [];
    this.#at++;
    if (this.#skip(']')) return array;
    do array.push(this.#value(depth + 1));
    while (this.#skip(','));
    if (!this.#skip(']')) throw this.#refused('an unclosed array');
    return array;
  }

  #numberOrWord(): DocumentValue {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match !== null) {
      this.#at = NUMBER.lastIndex;
      return Number(match[0]);
    }
    const word = WORDS.find(([name]) => this.#text.startsWith(name, this.#at));
    if (word === undefined) throw this.#refused('no value');
    this.#at += word[0].length;
    return word[1];
  }

  #string(): string {
    let result = '';
    let from = ++this.#at;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (Number.isNaN(code) || code < 0x20) throw this.#refused('an unclosed string');
      if (code === 0x22) {
        result += this.#text.slice(from, this.#at++);
        return result;
      }
      this.#at++;
      if (code === 0x5c) {
        result += this.#text.slice(from, this.#at - 1) + this.#escape();
        from = this.#at;
      }
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at++] ?? '';
    if (letter === 'u') {
      const hex = this.#text.slice(this.#at, this.#at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.#refused('a wrong escape');
      this.#at += 4;
      return String.fromCharCode(parseInt(hex, 16));
    }
    const character = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (character === undefined) throw this.#refused('a wrong escape');
    return character;
  }

  #skip(character: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #blanks(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  /** Where nothing but the beginning of a number or word is left, the text was cut. */
  #refused(got: string): ExplainError {
    const rest = this.#text.length - this.#at;
    if (rest <= LONGEST_WORD && /^[\w.+-]*$/.test(this.#text.slice(this.#at)))
      return new ExplainError('MODEL_TRUNCATED', {
        got: `the end after ${this.#text.length} characters`,
      });
    return new ExplainError('MODEL_SYNTAX', {
      got: `${got} at character ${this.#at}`,
      want: 'JSON',
    });
  }
}
