import { ExplainError } from '../errors.ts';

/** Numbers of one array: plain from JSON, typed from UBJSON. */
export type NumberArray =
  | readonly number[]
  | Float64Array
  | Float32Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array;

/** What both readers give: a JSON value whose objects are maps and whose numbers may be NaN or infinite. */
export type DocumentValue =
  null | boolean | number | string | readonly DocumentValue[] | NumberArray | DocumentObject;
export type DocumentObject = ReadonlyMap<string, DocumentValue>;

/** Bounds that hold before anything is believed. */
export interface ReaderLimits {
  /** bytes of the file */
  readonly maxBytes: number;
  /** nesting of objects and arrays */
  readonly maxDepth: number;
}

/** Typed look-ups in an untrusted document; `path` names the place in errors. */
export class DocumentReader {
  readonly #object: DocumentObject;
  readonly path: string;

  constructor(value: DocumentValue | undefined, path: string) {
    if (!(value instanceof Map)) throw malformed(path, kindOf(value), 'an object');
    this.#object = value as DocumentObject;
    this.path = path;
  }

  has(name: string): boolean {
    return this.#object.has(name);
  }

  at(name: string): DocumentValue | undefined {
    return this.#object.get(name);
  }

  object(name: string): DocumentReader {
    return new DocumentReader(this.at(name), this.#pathOf(name));
  }

  string(name: string): string {
    const value = this.at(name);
    if (typeof value !== 'string') throw malformed(this.#pathOf(name), kindOf(value), 'a string');
    return value;
  }

  strings(name: string): readonly string[] {
    return this.list(name).map((value, index) => {
      if (typeof value !== 'string')
        throw malformed(`${this.#pathOf(name)}[${index}]`, kindOf(value), 'a string');
      return value;
    });
  }

  list(name: string): readonly DocumentValue[] {
    const value = this.at(name);
    if (!Array.isArray(value)) throw malformed(this.#pathOf(name), kindOf(value), 'an array');
    return value as readonly DocumentValue[];
  }

  /** An array of numbers; false and true count as 0 and 1, as XGBoost 1.x writes them. */
  numbers(name: string): Float64Array {
    const value = this.at(name);
    if (ArrayBuffer.isView(value)) return Float64Array.from(value as unknown as ArrayLike<number>);
    if (!Array.isArray(value))
      throw malformed(this.#pathOf(name), kindOf(value), 'an array of numbers');
    const numbers = new Float64Array(value.length);
    (value as readonly DocumentValue[]).forEach((item, index) => {
      if (typeof item !== 'number' && typeof item !== 'boolean')
        throw malformed(`${this.#pathOf(name)}[${index}]`, kindOf(item), 'a number');
      numbers[index] = Number(item);
    });
    return numbers;
  }

  /** An array of whole numbers that fit 32 bits with sign. */
  integers(name: string): Int32Array {
    const numbers = this.numbers(name);
    const integers = Int32Array.from(numbers);
    const wrong = numbers.findIndex((number, index) => number !== integers[index]);
    if (wrong >= 0)
      throw malformed(
        `${this.#pathOf(name)}[${wrong}]`,
        'another number',
        'a whole number of 32 bits',
      );
    return integers;
  }

  /** A count that XGBoost spells as a string of digits; `absent` when the field is not there. */
  count(name: string, absent?: number): number {
    const value = this.at(name);
    if (value === undefined && absent !== undefined) return absent;
    const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
      throw malformed(this.#pathOf(name), kindOf(value), 'a count');
    return number;
  }

  #pathOf(name: string): string {
    return `${this.path}.${name}`;
  }
}

export function malformed(path: string, got: string, want: string): ExplainError {
  return new ExplainError('MODEL_MALFORMED', { got: `${got} at ${path}`, want });
}

export function kindOf(value: DocumentValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return 'an array';
  if (value instanceof Map) return 'an object';
  return `a ${typeof value}`;
}
