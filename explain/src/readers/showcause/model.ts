import { ExplainError } from '../../errors.ts';
import type { LinearModel } from '../../model/linear-model.ts';
import type { TreeModel } from '../../model/tree-model.ts';
import type { DocumentReader } from '../document.ts';
import { malformed } from '../document.ts';
import type { FormatOptions } from '../options.ts';
import { readDocumentedLinear } from './linear.ts';
import { readScorecard } from './scorecard.ts';
import { readDocumentedTrees } from './trees.ts';

const FORMAT = 'showcause-model/1';

/** The documented JSON of this package, for models whose library has no portable file; see spec/model.md. */
export function readDocumentedModel(
  root: DocumentReader,
  options: FormatOptions,
): TreeModel | LinearModel {
  const format = root.string('format');
  if (format !== FORMAT)
    throw new ExplainError('MODEL_VERSION', {
      got: JSON.stringify(format.slice(0, 40)),
      want: FORMAT,
    });
  const kind = root.string('kind');
  switch (kind) {
    case 'trees':
      return readDocumentedTrees(root, options);
    case 'linear':
      return readDocumentedLinear(root, options);
    case 'scorecard':
      return readScorecard(root, options);
    default:
      throw malformed(`${root.path}.kind`, 'another word', 'trees, linear or scorecard');
  }
}
