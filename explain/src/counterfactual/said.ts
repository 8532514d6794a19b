import { assertNumber, assertNumbers, assertObject, assertText, wrongKind } from '../kinds.ts';
import { phrasesIn } from './phrases.ts';
import type { Change, Counterfactual, Counterfactuals } from './result.ts';
import type { CounterfactualWords } from './words.ts';

// What is put into words, as callers without types may give it. All throw ExplainError EXPLAIN_ARGUMENT.

export function assertWords(words: unknown): asserts words is CounterfactualWords {
  assertObject(words, 'words', '{ language, label, valueWord }');
  const { language, label, valueWord, unit } = words;
  assertText(language, 'language');
  for (const [name, call] of Object.entries({ label, valueWord, unit: unit ?? assertWords }))
    if (typeof call !== 'function') throw wrongKind(name, call, 'a function');
}

const PUT_INTO_WORDS = ['feature', 'own', 'from', 'to', 'oneOf', 'step'] as const;

export function assertChanges(
  option: unknown,
  members: readonly (keyof Change)[] = PUT_INTO_WORDS,
): asserts option is Pick<Counterfactual, 'changes'> {
  assertObject(option, 'option', 'one of the options of a search');
  const { changes } = option;
  if (!Array.isArray(changes)) throw wrongKind('changes', changes, 'a list of changes');
  for (const change of changes as unknown[]) assertChange(change, members);
}

export function assertChange(change: unknown, members: readonly (keyof Change)[]): void {
  assertObject(change, 'change', 'a change of an option');
  for (const name of members) {
    const value = change[name];
    if (name === 'feature') assertText(value, name);
    else if (value !== null && name === 'oneOf') assertNumbers(value, name);
    else if (value !== null) assertNumber(value, name);
  }
}

export function assertBounds(
  found: unknown,
): asserts found is Pick<Counterfactuals, 'constraints' | 'search'> {
  assertObject(found, 'found', 'what a search found');
  const { constraints, search } = found;
  if (!Array.isArray(constraints)) throw wrongKind('constraints', constraints, 'a list');
  for (const constraint of constraints as unknown[]) {
    assertObject(constraint, 'constraint', '{ if, then }');
    const { moves, must } = phrasesIn('en');
    assertMove(constraint.if, moves);
    assertMove(constraint.then, must);
  }
  assertObject(search, 'search', 'the account of a search');
  for (const name of ['budget', 'changes', 'radius']) assertNumber(search[name], name);
  if (typeof search.exhaustive !== 'boolean')
    throw wrongKind('exhaustive', search.exhaustive, 'true or false');
}

function assertMove(half: unknown, known: Readonly<Record<string, string>>): void {
  assertObject(half, 'half of a constraint', '{ feature, moves }');
  assertText(half.feature, 'feature');
  if (typeof half.moves !== 'string' || !Object.hasOwn(known, half.moves))
    throw wrongKind('moves', half.moves, Object.keys(known).join(', '));
}
