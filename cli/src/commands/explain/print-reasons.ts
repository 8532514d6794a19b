import type { Explanation, Reason, ReasonGroup } from '@showcause/explain';
import { wrapAt } from '@showcause/verify/command';
import type { ReasonTask, RowReasons } from './reasons.ts';

const COLUMNS = 80;
const INDENT = '     ';

/** What a row's line says of its reasons; the registry is named by its hash. */
export function reasonMembers(
  { registry, sha256, language, keyFactors }: ReasonTask,
  { adverse, reasons, all }: RowReasons,
): Readonly<Record<string, unknown>> {
  const { id, version } = registry;
  return {
    adverse,
    registry: { id, version, sha256, language },
    [keyFactors ? 'keyFactors' : 'reasons']: reasons.map(
      ({ rank, code, statement, text, next, value, features, attribution }) => ({
        rank,
        code,
        statement,
        text,
        next,
        value,
        features,
        attribution,
      }),
    ),
    groups: all,
  };
}

/** What was asked, once above the rows: a wrong side of the score would make every reason wrong. */
export function reasonsTitle({
  registry,
  sha256,
  language,
  background,
  approval,
  adverse,
}: ReasonTask): string[] {
  const { id, version } = registry;
  const text =
    `${id} ${version}, ${language}, ${background.length} ${approval === null ? 'background' : 'approved'} rows, ` +
    `a ${adverse} score is adverse`;
  return [...wrapAt(COLUMNS, text, '', INDENT), `sha256 ${sha256}`, ''];
}

/** The same to be read: each reason with its sum, its words and its next step; below, what was left out and why. */
export function reasonsPage(
  { keyFactors }: ReasonTask,
  { adverse, reasons, all }: RowReasons,
  { score, probability, outputSpace }: Explanation,
  index: number,
): string[] {
  const said = probability === null ? '' : `   probability ${numbers(probability)}`;
  const name = keyFactors ? 'factors' : 'reasons';
  const title = `row ${index + 1}   score ${numbers(score)}${said}`;
  if (!adverse) return [`${title}   approved: no ${name}`, ''];
  return [
    `${title}   ${name} in ${outputSpace}`,
    ...(reasons.length === 0 ? [`  no ${name}: nothing pushed against the person`] : []),
    ...reasons.flatMap(reasonLines),
    ...leftOut(all),
    '',
  ];
}

function reasonLines({ rank, code, statement, text, next, attribution }: Reason): string[] {
  return [
    ...wrapAt(
      COLUMNS,
      `${code}  ${statement}  ${signed(attribution ?? NaN)}`,
      `  ${rank}  `,
      INDENT,
    ),
    ...wrapAt(COLUMNS, text, INDENT, INDENT),
    ...(next === null ? [] : wrapAt(COLUMNS, next, INDENT, INDENT)),
  ];
}

/** Groups that pushed against the person and are not given: those that helped are no news. */
function leftOut(all: readonly ReasonGroup[]): string[] {
  const groups = all.filter(({ dropped }) => dropped !== null && dropped !== 'helped');
  if (groups.length === 0) return [];
  const words = groups.map(
    ({ code, attribution, dropped }) => `${code} ${signed(attribution)} (${dropped ?? ''})`,
  );
  return wrapAt(COLUMNS, `not given: ${words.join(', ')}`, '  ', INDENT);
}

function numbers(values: ArrayLike<number>): string {
  return Array.from(values, (value) => value.toFixed(4)).join(' ');
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(4)}`;
}
