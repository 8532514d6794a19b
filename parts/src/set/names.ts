import { PartError } from '../errors.ts';

/** Parts of the whole set, in the order in which they start: the same as in docker-compose.yml. */
export const partNames = [
  'kafka',
  'postgres',
  's3',
  'evm',
  'countersigner',
  'service',
  'loan-api',
] as const;
export type PartName = (typeof partNames)[number];

/** What a part cannot do without; whatever else is left out is replaced by files on this disk, or by nothing. */
const needs: Partial<Record<PartName, readonly PartName[]>> = {
  countersigner: ['evm', 'service'],
  'loan-api': ['service'],
};

/**
 * Which parts to start. @param only  names with commas between them; undefined: all
 * @throws {PartError} `PARTS_UNKNOWN` for another name, or one without what it needs
 */
export function chosenParts(only: string | undefined): Set<PartName> {
  if (only === undefined) return new Set(partNames);
  const names = only.split(',').map((name) => name.trim());
  const stranger = names.find((name) => !(partNames as readonly string[]).includes(name));
  if (stranger !== undefined)
    throw new PartError('PARTS_UNKNOWN', {
      got: stranger.slice(0, 40),
      want: partNames.join(', '),
    });
  const chosen = new Set(names as PartName[]);
  for (const name of chosen)
    for (const needed of needs[name] ?? [])
      if (!chosen.has(needed))
        throw new PartError('PARTS_UNKNOWN', { got: `${name} alone`, want: `${needed} too` });
  return chosen;
}
