import type { Answers } from '../answers.ts';

/** Room for the predictions of a neighbourhood, [output][sample]. */
export function targetsOf({ outputs }: Answers, samples: number): Float64Array[] {
  return Array.from({ length: outputs }, () => new Float64Array(samples));
}

export function keepTargets(
  targets: readonly Float64Array[],
  { values, outputs }: Answers,
  first: number,
  count: number,
): void {
  targets.forEach((target, output) => {
    for (let i = 0; i < count; i++) target[first + i] = values[i * outputs + output] as number;
  });
}
