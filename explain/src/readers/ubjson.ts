import { ExplainError } from '../errors.ts';
import type { DocumentObject, DocumentValue, NumberArray, ReaderLimits } from './document.ts';

/** Bytes of one element of a strongly typed array. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  i: 1,
  U: 1,
  I: 2,
  l: 4,
  L: 8,
  d: 4,
  D: 8,
};

/**
 * Universal Binary JSON (draft 12) as XGBoost writes it: big-endian, strongly typed arrays, every number type.
 * Strict: one document, no duplicate keys, no no-op or high-precision values, integers within 2^53, and no array
 * is allocated before its bytes have been seen to be there.
 */
export function readUbjson(bytes: Uint8Array, limits: ReaderLimits): DocumentValue {
  return new UbjsonParser(bytes, limits).document();
}

class UbjsonParser {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #limits: ReaderLimits;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #at = 0;

  constructor(bytes: Uint8Array, limits: ReaderLimits) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = limits;
  }

  document(): DocumentValue {
    const value = this.#value(this.#marker(), 0);
    if (this.#at !== this.#bytes.length) throw this.#refused('bytes behind the document');
    return value;
  }

  #value(marker: string, depth: number): DocumentValue {
    if (depth > this.#limits.maxDepth)
      throw new ExplainError('MODEL_LIMIT', {
        got: 'deeper nesting',
        want: `at most ${this.#limits.maxDepth} levels`,
      });
    switch (marker) {
      case 'Z':
        return null;
      case 'T':
        return true;
      case 'F':
        return false;
      case 'C':
        return String.fromCharCode(this.#number('U'));
      case 'S':
        return this.#string();
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      default:
        return this.#number(marker);
    }
  }

  #object(depth: number): DocumentObject {
    const object = new Map<string, DocumentValue>();
    if (this.#peek() === '$') throw this.#refused('a typed object');
    const count = this.#peek() === '#' ? this.#count() : Infinity;
    while (object.size < count) {
      if (count === Infinity && this.#peek() === '}') {
        this.#at++;
        break;
      }
      const name = this.#string();
      if (object.has(name)) throw this.#refused('a member named twice');
      object.set(name, this.#value(this.#marker(), depth + 1));
    }
    return object;
  }

  #array(depth: number): readonly DocumentValue[] | NumberArray {
    if (this.#peek() === '$') return this.#typedArray();
    const array: DocumentValue[] = [];
    const count = this.#peek() === '#' ? this.#count() : Infinity;
    while (array.length < count) {
      if (count === Infinity && this.#peek() === ']') {
        this.#at++;
        break;
      }
      array.push(this.#value(this.#marker(), depth + 1));
    }
    return array;
  }

  #typedArray(): NumberArray {
    this.#at++;
    const type = this.#marker();
    const width = Object.hasOwn(ELEMENT_BYTES, type) ? ELEMENT_BYTES[type] : undefined;
    if (width === undefined) throw this.#refused('an array of no number type');
    if (this.#peek() !== '#') throw this.#refused('a typed array without count');
    const count = this.#count();
    this.#need(count * width);
    const array = new Float64Array(count);
    for (let index = 0; index < count; index++) array[index] = this.#number(type);
    return array;
  }

  /** `#` and a length; each counted element takes at least one byte. */
  #count(): number {
    this.#at++;
    const count = this.#length();
    this.#need(count);
    return count;
  }

  #string(): string {
    const length = this.#length();
    this.#need(length);
    const from = this.#at;
    this.#at += length;
    try {
      return this.#utf8.decode(this.#bytes.subarray(from, this.#at));
    } catch (cause) {
      throw new ExplainError('MODEL_SYNTAX', {
        got: `no UTF-8 at byte ${from}`,
        want: 'UBJSON',
        cause,
      });
    }
  }

  #length(): number {
    const marker = this.#marker();
    if (!'iUIlL'.includes(marker)) throw this.#refused('no length');
    const length = this.#number(marker);
    if (length < 0) throw this.#refused('a negative length');
    return length;
  }

  #number(marker: string): number {
    const width = Object.hasOwn(ELEMENT_BYTES, marker) ? ELEMENT_BYTES[marker] : undefined;
    if (width === undefined) throw this.#refused('an unknown marker');
    this.#need(width);
    const at = this.#at;
    this.#at += width;
    if (marker === 'i') return this.#view.getInt8(at);
    if (marker === 'U') return this.#view.getUint8(at);
    if (marker === 'I') return this.#view.getInt16(at);
    if (marker === 'l') return this.#view.getInt32(at);
    if (marker === 'd') return this.#view.getFloat32(at);
    if (marker === 'D') return this.#view.getFloat64(at);
    const integer = this.#view.getInt32(at) * 4294967296 + this.#view.getUint32(at + 4);
    if (!Number.isSafeInteger(integer)) throw this.#refused('an integer beyond 2^53');
    return integer;
  }

  #marker(): string {
    this.#need(1);
    return String.fromCharCode(this.#bytes[this.#at++] ?? 0);
  }

  #peek(): string {
    this.#need(1);
    return String.fromCharCode(this.#bytes[this.#at] ?? 0);
  }

  #need(bytes: number): void {
    if (bytes > this.#bytes.length - this.#at)
      throw new ExplainError('MODEL_TRUNCATED', {
        got: `the end after ${this.#bytes.length} bytes`,
        want: `${bytes} more at byte ${this.#at}`,
      });
  }

  #refused(got: string): ExplainError {
    return new ExplainError('MODEL_SYNTAX', { got: `${got} at byte ${this.#at}`, want: 'UBJSON' });
  }
}
