import { assertObject, assertText } from '../kinds.ts';
import { eachOf, membersOf, refused, textOf } from './registry-json.ts';
import { numberWord } from './numbers.ts';

/** Patterns with `{n}` for the number: of exactly one ("{n} month") and of every other ("{n} months", "${n}"). */
export interface Unit {
  readonly one: string;
  readonly other: string;
}

/** As a registry's file writes it: a pattern stands for both numbers, or each has its own. */
export type UnitJson = string | Unit;

/** @throws ExplainError REASON_REGISTRY */
export function parseUnits(json: unknown, path: string): Readonly<Record<string, Unit>> {
  return eachOf(json, path, (member, at) => {
    if (typeof member === 'string') {
      const pattern = patternOf(member, at);
      return { one: pattern, other: pattern };
    }
    const { one, other } = membersOf(member, at, ['one', 'other'], []);
    return { one: patternOf(one, `${at}.one`), other: patternOf(other, `${at}.other`) };
  });
}

function patternOf(json: unknown, path: string): string {
  const pattern = textOf(json, path, 100);
  if (pattern.split('{n}').length !== 2 || /[{}]/.test(pattern.replace('{n}', '')))
    throw refused(path, 'a pattern with one {n}');
  return pattern;
}

/** A number as its unit writes it: "14 months", "1 month", "$2,300". */
export function unitWord(value: number, language: string, unit: Unit | undefined): string {
  return inUnit(value, numberWord(value, language), unit);
}

/** The same for a number that is already in words. */
export function inUnit(value: number, word: string, unit: Unit | undefined): string {
  if (unit === undefined) return word;
  assertObject(unit, 'unit', '{ one, other }');
  const pattern = value === 1 ? unit.one : unit.other;
  assertText(pattern, 'pattern of the unit');
  return pattern.replace('{n}', () => word);
}
