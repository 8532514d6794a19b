const MINUS = '−';
/** Significant digits of the largest number of a plot; the others get as many decimals. */
const DIGITS = 3;
const MOST_DECIMALS = 12;

/** The power of ten of a number's first digit: exact, unlike a logarithm. */
export function exponentOf(value: number): number {
  return value === 0 ? 0 : Number(value.toExponential().split('e')[1]);
}

/** Decimals at which the largest of these numbers has three significant digits. */
export function decimalsFor(values: Iterable<number>): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return Math.min(MOST_DECIMALS, Math.max(0, DIGITS - 1 - exponentOf(largest)));
}

/** A number in words of at most `decimals` decimals; huge and tiny ones with an exponent. */
export function numberText(value: number, decimals: number): string {
  if (Number.isNaN(value)) return 'missing';
  const size = Math.abs(value);
  const digits =
    size >= 1e7 || (size > 0 && decimals >= MOST_DECIMALS)
      ? size.toExponential(DIGITS - 1)
      : size.toFixed(decimals);
  return `${value < 0 && Number(digits) !== 0 ? MINUS : ''}${digits}`;
}

/** The same with a sign in front, as of a push: + up, − down. */
export function signedText(value: number, decimals: number): string {
  return value >= 0 ? `+${numberText(value, decimals)}` : numberText(value, decimals);
}

/** The shortest text that is this very number, with a real minus sign: for tables. */
export function exactText(value: number): string {
  return Number.isNaN(value) ? 'missing' : String(value === 0 ? 0 : value).replace(/^-/, MINUS);
}

/** A value of a feature, in at most six significant digits. */
export function valueText(value: number): string {
  return Number.isNaN(value) ? 'missing' : exactText(Number(value.toPrecision(6)));
}
