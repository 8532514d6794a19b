import { ExplainError } from '../errors.ts';
import { assertObject, said } from '../kinds.ts';
import type { Background } from '../model/hash.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { DEFAULT_TABLE_BYTES, ENGINES } from './kernel.ts';
import type { EngineName } from './kernel.ts';

export type ExplainerOptions =
  | {
      readonly perturbation: 'tree-path-dependent';
      /** bytes, 64 MiB by default, 1 GiB at most */
      readonly maxTableBytes?: number;
      /** `wasm` by default, which gives way to `typescript` where WebAssembly is refused */
      readonly engine?: EngineName;
    }
  | {
      readonly perturbation: 'interventional';
      /** reference rows, at least one; NaN is missing */
      readonly background: Background | readonly FeatureRow[];
      readonly maxTableBytes?: number;
      readonly engine?: EngineName;
    };

/** Offsets into tables are 32-bit integers in both engines; this leaves them far below. */
const MOST_TABLE_BYTES = 2 ** 30;

const GAMES: readonly unknown[] = ['tree-path-dependent', 'interventional'];

/** Options with their defaults, refused where a caller without types gave something else. */
export function checkedOptions(options: ExplainerOptions): {
  readonly engine: EngineName;
  readonly maxTableBytes: number;
} {
  assertExplainerOptions(options);
  const { perturbation, engine = 'wasm', maxTableBytes = DEFAULT_TABLE_BYTES } = options;
  if (!GAMES.includes(perturbation))
    throw new ExplainError('EXPLAIN_METHOD', {
      got: `${said(perturbation)} for trees`,
      want: GAMES.join(' or '),
    });
  if (!ENGINES.includes(engine))
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `engine ${said(engine)}`,
      want: ENGINES.join(' or '),
    });
  if (!Number.isInteger(maxTableBytes) || maxTableBytes < 0 || maxTableBytes > MOST_TABLE_BYTES)
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `maxTableBytes ${said(maxTableBytes)}`,
      want: `a whole number from 0 to ${MOST_TABLE_BYTES}`,
    });
  return { engine, maxTableBytes };
}

/** @throws ExplainError EXPLAIN_OPTION */
export function assertExplainerOptions(options: unknown): void {
  assertObject(options, 'options', '{ perturbation, background }', 'EXPLAIN_OPTION');
}
