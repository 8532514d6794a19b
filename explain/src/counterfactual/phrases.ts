import type { CausalConstraint, Required } from './mutable.ts';

/** How a language says what would have led to another answer. */
export interface Phrases {
  /** the answer that was wanted */
  readonly yes: string;
  readonly sentence: (parts: readonly ChangePart[], answer: string) => string;
  /** behind a range of which only multiples are meant */
  readonly inSteps: (step: string) => string;
  readonly moves: Readonly<Record<CausalConstraint['if']['moves'], string>>;
  readonly must: Readonly<Record<Required, string>>;
  readonly constraint: (cause: string, moves: string, effect: string, must: string) => string;
  readonly together: (changes: number) => string;
  /** what was left out, and what the search might spend. @param radius  0: nothing was exhausted */
  readonly searched: (radius: number, budget: string) => string;
  readonly was: (own: string) => string;
  readonly notGiven: string;
  readonly or: string;
  readonly any: string;
  readonly orLess: (most: string) => string;
  readonly orMore: (least: string) => string;
  readonly between: (least: string, most: string) => string;
}

export interface ChangePart {
  readonly label: string;
  readonly range: string;
}

/** Labels of any gender and number stand in a list: an article or a verb would have to agree with each. */
const listed = (parts: readonly ChangePart[]): string =>
  parts.map(({ label, range }, i) => `${i === 0 ? capital(label) : label}: ${range}`).join('; ');

const capital = (text: string): string => {
  const [first = '', ...rest] = text;
  return first.toUpperCase() + rest.join('');
};

const english: Phrases = {
  yes: 'yes',
  sentence: (parts, answer) =>
    `With these details the answer would have been ${answer}. ${listed(parts)}.`,
  was: (own) => `(it was ${own})`,
  notGiven: 'not given',
  or: 'or',
  any: 'any value',
  orLess: (most) => `${most} or less`,
  orMore: (least) => `${least} or more`,
  between: (least, most) => `between ${least} and ${most}`,
  inSteps: (step) => `, in steps of ${step}`,
  moves: { up: 'goes up', down: 'goes down', any: 'changes' },
  must: {
    up: 'must go up',
    down: 'must go down',
    stays: 'must stay as it is',
    'not-up': 'must not go up',
    'not-down': 'must not go down',
  },
  constraint: (cause, moves, effect, must) => `if “${cause}” ${moves}, “${effect}” ${must}`,
  together: (changes) =>
    changes === 1
      ? 'one of these changed at a time'
      : `at most ${changes} of these changed together`,
  searched: (radius, budget) =>
    radius === 0
      ? `not every change was tried; the search may look at ${budget} values`
      : `every way to change ${radius === 1 ? 'one of these' : `up to ${radius} of these`} was tried, not every way to change more; the search may look at ${budget} values`,
};

const spanish: Phrases = {
  yes: 'sí',
  sentence: (parts, answer) =>
    `Con estos datos la respuesta habría sido ${answer}. ${listed(parts)}.`,
  was: (own) => `(antes: ${own})`,
  notGiven: 'sin indicar',
  or: 'o',
  any: 'cualquier valor',
  orLess: (most) => `${most} o menos`,
  orMore: (least) => `${least} o más`,
  between: (least, most) => `entre ${least} y ${most}`,
  inSteps: (step) => `, de ${step} en ${step}`,
  moves: { up: 'sube', down: 'baja', any: 'cambia' },
  must: {
    up: 'debe subir',
    down: 'debe bajar',
    stays: 'debe quedar igual',
    'not-up': 'no debe subir',
    'not-down': 'no debe bajar',
  },
  constraint: (cause, moves, effect, must) => `si «${cause}» ${moves}, «${effect}» ${must}`,
  together: (changes) =>
    changes === 1 ? 'un solo cambio a la vez' : `como mucho ${changes} de estos cambios a la vez`,
  searched: (radius, budget) =>
    radius === 0
      ? `no se han probado todos los cambios; la búsqueda puede mirar ${budget} valores`
      : `se han probado todas las formas de cambiar ${radius === 1 ? 'uno de estos datos' : `hasta ${radius} de estos datos`}, pero no todas las de cambiar más; la búsqueda puede mirar ${budget} valores`,
};

const german: Phrases = {
  yes: 'ja',
  sentence: (parts, answer) =>
    `Mit diesen Angaben wäre die Antwort ${answer} gewesen. ${listed(parts)}.`,
  was: (own) => `(bisher: ${own})`,
  notGiven: 'keine Angabe',
  or: 'oder',
  any: 'ein beliebiger Wert',
  orLess: (most) => `höchstens ${most}`,
  orMore: (least) => `mindestens ${least}`,
  between: (least, most) => `zwischen ${least} und ${most}`,
  inSteps: (step) => `, in Schritten von ${step}`,
  moves: { up: 'steigt', down: 'sinkt', any: 'sich ändert' },
  must: {
    up: 'muss steigen',
    down: 'muss sinken',
    stays: 'muss gleich bleiben',
    'not-up': 'darf nicht steigen',
    'not-down': 'darf nicht sinken',
  },
  constraint: (cause, moves, effect, must) => `wenn „${cause}“ ${moves}: „${effect}“ ${must}`,
  together: (changes) =>
    changes === 1 ? 'nur eine Änderung auf einmal' : `höchstens ${changes} Änderungen zugleich`,
  searched: (radius, budget) =>
    radius === 0
      ? `nicht alle Änderungen wurden versucht; die Suche darf ${budget} Werte ansehen`
      : `alle Wege, ${radius === 1 ? 'eine dieser Angaben' : `bis zu ${radius} dieser Angaben`} zu ändern, wurden versucht, nicht alle, mehr zu ändern; die Suche darf ${budget} Werte ansehen`,
};

/** By the language of a tag; English where it is none of these. */
export function phrasesIn(tag: string): Phrases {
  const language = (tag.split('-')[0] ?? '').toLowerCase();
  return language === 'es' ? spanish : language === 'de' ? german : english;
}
