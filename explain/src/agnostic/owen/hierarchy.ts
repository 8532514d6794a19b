import { ExplainError } from '../../errors.ts';

/** Features in groups, groups in groups: a feature by its number, or a list of features and groups. */
export type Hierarchy = number | readonly Hierarchy[];

const MAX_DEPTH = 1000;

/**
 * Named groups as one level of a hierarchy; features that no group names stand for themselves.
 *
 * @throws ExplainError EXPLAIN_OPTION for a name that is not there or is in two groups
 */
export function hierarchyOfGroups(
  groups: Readonly<Record<string, readonly string[]>>,
  featureNames: readonly string[],
): Hierarchy {
  const seen = new Set<number>();
  const lists = namesOf(groups).map((names) =>
    names.map((name) => {
      const feature = featureNames.indexOf(name);
      if (feature < 0 || seen.has(feature))
        throw wrong(`${JSON.stringify(name.slice(0, 80))} in the groups`, 'each a feature, once');
      seen.add(feature);
      return feature;
    }),
  );
  const alone = featureNames.map((_, feature) => feature).filter((feature) => !seen.has(feature));
  return [...lists, ...alone];
}

/** Groups often come out of a file: their form is not to be believed. */
function namesOf(groups: unknown): readonly (readonly string[])[] {
  const isRecord = typeof groups === 'object' && groups !== null && !Array.isArray(groups);
  const lists: unknown[] = isRecord ? Object.values(groups) : [null];
  if (!lists.every(isNames))
    throw wrong('groups of another form', 'lists of feature names by the name of their group');
  return lists;
}

function isNames(list: unknown): list is readonly string[] {
  return Array.isArray(list) && list.length > 0 && list.every((name) => typeof name === 'string');
}

/**
 * A clustering as `scipy.cluster.hierarchy.linkage` and `shap.utils.hclust` give it: features - 1 rows, each beginning with the
 * two clusters that it joins; cluster features + i is the one that row i made.
 *
 * @throws ExplainError EXPLAIN_OPTION
 */
export function hierarchyOfClustering(linkage: readonly ArrayLike<number>[]): Hierarchy {
  const features = linkage.length + 1;
  const clusters: (Hierarchy | null)[] = Array.from({ length: features }, (_, i) => i);
  const taken = (index: number | undefined): Hierarchy => {
    const cluster = clusters[index ?? -1] ?? null;
    if (cluster === null) throw wrong(`cluster ${index} in a clustering`, 'each joined once');
    clusters[index ?? -1] = null;
    return cluster;
  };
  for (const joined of linkage) clusters.push([taken(joined[0]), taken(joined[1])]);
  return clusters[clusters.length - 1] ?? [];
}

/**
 * Refuses what does not hold each of `features` features once.
 *
 * @throws ExplainError EXPLAIN_OPTION
 */
export function checkHierarchy(hierarchy: Hierarchy, features: number): void {
  const seen = new Set<number>();
  const visit = (node: Hierarchy, depth: number): void => {
    if (depth > MAX_DEPTH) throw wrong('a hierarchy too deep', `at most ${MAX_DEPTH} levels`);
    if (Array.isArray(node)) return node.forEach((child: Hierarchy) => visit(child, depth + 1));
    const feature = node as number;
    const isFeature = Number.isInteger(feature) && feature >= 0 && feature < features;
    if (!isFeature || seen.has(feature))
      throw wrong(`feature ${String(feature).slice(0, 40)} in a hierarchy`, 'each number once');
    seen.add(feature);
  };
  visit(hierarchy, 0);
  if (seen.size !== features) throw wrong(`${seen.size} features in a hierarchy`, `${features}`);
}

/** The same for players alone: what does not play is left out, and groups of one are that one. */
export function ofPlayers(hierarchy: Hierarchy, players: ArrayLike<number>): Hierarchy {
  const number = new Map(Array.from(players, (feature, player) => [feature, player]));
  const kept = (node: Hierarchy): Hierarchy | null => {
    if (!isGroup(node)) return number.get(node) ?? null;
    const children = node.map(kept).filter((child) => child !== null);
    return children.length > 1 ? children : (children[0] ?? null);
  };
  return kept(hierarchy) ?? [];
}

export function isGroup(node: Hierarchy): node is readonly Hierarchy[] {
  return Array.isArray(node);
}

function wrong(got: string, want: string): ExplainError {
  return new ExplainError('EXPLAIN_OPTION', { got, want });
}
