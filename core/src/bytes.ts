import { ShowcauseError } from './errors.ts';

const HEX = '0123456789abcdef';
const B64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

const hexDigits = Uint8Array.from(HEX, (digit) => digit.charCodeAt(0));
/** So many bytes at a time: a call takes only so many arguments. */
const HEX_CHUNK = 4096;
// One buffer serves the usual length, that of a hash: text that grows digit by digit is a chain of pieces, which costs its readers more.
const hashDigits = new Uint8Array(64);

/** Lower-case hex, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length > HEX_CHUNK)
    return toHex(bytes.subarray(0, HEX_CHUNK)) + toHex(bytes.subarray(HEX_CHUNK));
  const digits = bytes.length === 32 ? hashDigits : new Uint8Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    digits[2 * i] = hexDigits[bytes[i]! >> 4]!;
    digits[2 * i + 1] = hexDigits[bytes[i]! & 15]!;
  }
  return String.fromCharCode.apply(null, digits as unknown as number[]);
}

/** Whether `text` is the lower-case hex of `bytes`. */
export function isHexOf(text: string, bytes: Uint8Array): boolean {
  if (text.length !== 2 * bytes.length) return false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (text.charCodeAt(2 * i) !== hexDigits[byte >> 4]) return false;
    if (text.charCodeAt(2 * i + 1) !== hexDigits[byte & 15]) return false;
  }
  return true;
}

/**
 * Strict lower-case hex.
 * @param length  bytes wanted, when the format fixes it
 * @throws {ShowcauseError} `BYTES_ENCODING`, `BYTES_LENGTH`
 */
export function fromHex(text: string, length?: number): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text))
    throw new ShowcauseError('BYTES_ENCODING', { got: describe(text), want: 'lower-case hex' });
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return checkLength(bytes, length);
}

/** Standard padded base64 (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const a = bytes[i]!;
    const b = bytes[i + 1];
    const c = bytes[i + 2];
    text += B64.charAt(a >> 2) + B64.charAt(((a & 3) << 4) | ((b ?? 0) >> 4));
    text += b === undefined ? '=' : B64.charAt(((b & 15) << 2) | ((c ?? 0) >> 6));
    text += c === undefined ? '=' : B64.charAt(c & 63);
  }
  return text;
}

const b64Value = new Int16Array(128).fill(-1);
for (let i = 0; i < B64.length; i++) b64Value[B64.charCodeAt(i)] = i;

/**
 * Strict standard base64: padded, no blanks, unused bits zero.
 * @throws {ShowcauseError} `BYTES_ENCODING`, `BYTES_LENGTH`
 */
export function fromBase64(text: string, length?: number): Uint8Array {
  const bad = (): never => {
    throw new ShowcauseError('BYTES_ENCODING', { got: describe(text), want: 'padded base64' });
  };
  if (text.length % 4 !== 0) bad();
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let out = 0;
  let bits = 0;
  let value = 0;
  for (let i = 0; i < digits; i++) {
    const code = text.charCodeAt(i);
    const digit = code < 128 ? b64Value[code]! : -1;
    if (digit < 0) bad();
    value = ((value << 6) | digit) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[out++] = (value >> bits) & 255;
    }
  }
  if ((value & ((1 << bits) - 1)) !== 0) bad();
  return checkLength(bytes, length);
}

/** Unpadded base64url (RFC 4648 section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** @throws {ShowcauseError} `BYTES_ENCODING`, `BYTES_LENGTH` */
export function fromBase64Url(text: string, length?: number): Uint8Array {
  if (!/^[A-Za-z0-9_-]*$/.test(text))
    throw new ShowcauseError('BYTES_ENCODING', { got: describe(text), want: 'unpadded base64url' });
  const padded = text + '='.repeat((4 - (text.length % 4)) % 4);
  return fromBase64(padded.replaceAll('-', '+').replaceAll('_', '/'), length);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Equality in a time that depends on the lengths alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** @throws {ShowcauseError} `BYTES_ENCODING` when the bytes are not well-formed UTF-8 */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new ShowcauseError('BYTES_ENCODING', {
      got: `${bytes.length} bytes`,
      want: 'UTF-8',
      cause,
    });
  }
}

/** Big-endian unsigned integers, the only ones in the binary formats. */
export function u16(value: number): Uint8Array {
  return unsigned(value, 2);
}
export function u32(value: number): Uint8Array {
  return unsigned(value, 4);
}
/** 8 bytes for a safe integer: sizes, sequence numbers and seconds stay below 2^53. */
export function u64(value: number): Uint8Array {
  return unsigned(value, 8);
}

function unsigned(value: number, width: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 256 ** width)
    throw new RangeError(`got ${value}, want an integer of ${width} bytes below 2^53`);
  const bytes = new Uint8Array(width);
  let rest = value;
  for (let i = width - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** Reads a binary format front to back; every read is bounded and the end must be reached exactly. */
export class ByteReader {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A copy of the next `length` bytes. @throws {ShowcauseError} `BYTES_LENGTH` */
  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at)
      throw new ShowcauseError('BYTES_LENGTH', {
        got: `${this.#bytes.length - this.#at} bytes left`,
        want: `${length}`,
      });
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  /** A big-endian unsigned integer of `width` bytes, refused at or above 2^53. */
  uint(width: 1 | 2 | 4 | 8): number {
    let value = 0;
    for (const byte of this.take(width)) value = value * 256 + byte;
    if (!Number.isSafeInteger(value))
      throw new ShowcauseError('BYTES_LENGTH', { got: 'an integer of 2^53 or more', want: 'less' });
    return value;
  }

  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at);
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** @throws {ShowcauseError} `BYTES_LENGTH` when bytes are left over */
  end(): void {
    if (this.remaining !== 0)
      throw new ShowcauseError('BYTES_LENGTH', {
        got: `${this.remaining} trailing bytes`,
        want: 'none',
      });
  }
}

function checkLength(bytes: Uint8Array, length: number | undefined): Uint8Array {
  if (length !== undefined && bytes.length !== length)
    throw new ShowcauseError('BYTES_LENGTH', { got: `${bytes.length} bytes`, want: `${length}` });
  return bytes;
}

/** Enough to recognise what was sent, too little to leak it. */
function describe(text: string): string {
  return `${text.length} characters`;
}
