/** How a language says what would have led to another answer. */
export interface Phrases {
  readonly sentence: (parts: readonly ChangePart[], answer: string) => string;
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

const english: Phrases = {
  sentence: (parts, answer) =>
    `If ${parts.map(({ label, range }, i) => `${i === 0 ? 'your' : 'and your'} ${label} were ${range}`).join(' ')}, the answer would have been ${answer}.`,
  was: (own) => `(it was ${own})`,
  notGiven: 'not given',
  or: 'or',
  any: 'any value',
  orLess: (most) => `${most} or less`,
  orMore: (least) => `${least} or more`,
  between: (least, most) => `between ${least} and ${most}`,
};

/** Labels of any gender and number stand in a list: a possessive before them would have to agree. */
const listed = (parts: readonly ChangePart[]): string =>
  parts.map(({ label, range }) => `${label}: ${range}`).join('; ');

const spanish: Phrases = {
  sentence: (parts, answer) =>
    `Con estos datos la respuesta habría sido ${answer}. ${listed(parts)}.`,
  was: (own) => `(antes: ${own})`,
  notGiven: 'sin indicar',
  or: 'o',
  any: 'cualquier valor',
  orLess: (most) => `${most} o menos`,
  orMore: (least) => `${least} o más`,
  between: (least, most) => `entre ${least} y ${most}`,
};

const german: Phrases = {
  sentence: (parts, answer) =>
    `Mit diesen Angaben wäre die Antwort ${answer} gewesen. ${listed(parts)}.`,
  was: (own) => `(bisher: ${own})`,
  notGiven: 'keine Angabe',
  or: 'oder',
  any: 'ein beliebiger Wert',
  orLess: (most) => `höchstens ${most}`,
  orMore: (least) => `mindestens ${least}`,
  between: (least, most) => `zwischen ${least} und ${most}`,
};

/** By the language of a tag; English where it is none of these. */
export function phrasesIn(tag: string): Phrases {
  const language = (tag.split('-')[0] ?? '').toLowerCase();
  return language === 'es' ? spanish : language === 'de' ? german : english;
}
