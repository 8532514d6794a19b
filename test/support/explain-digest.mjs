// What a runtime says of the golden models, as hexadecimal float64: run as it is in Node and in a browser.

const hex = (values) =>
  Array.from(new Uint8Array(Float64Array.from(values).buffer), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');

function linesOf({ treeExplainer, explainerOf }, name, model, rows) {
  const background = rows.slice(0, 7);
  const explainers = [explainerOf(model, { perturbation: 'interventional', background })];
  if (model.kind === 'trees')
    explainers.push(
      treeExplainer(model, { perturbation: 'interventional', background, maxTableBytes: 0 }),
    );
  if (model.kind === 'trees' && model.coverSource !== 'none')
    explainers.push(explainerOf(model, { perturbation: 'tree-path-dependent' }));
  return explainers.flatMap((explainer) =>
    rows.map((row) => {
      const { margin, score, probability, response, baseValue, attributions, kernel, modelHash } =
        explainer.explain(row);
      const numbers = [margin, score, probability ?? [], response, baseValue, ...attributions];
      return [name, kernel, modelHash, ...numbers.map(hex)].join(' ');
    }),
  );
}

/**
 * @param explain  the package
 * @param read     bytes of a file by name
 * @param names    models and their golden files: [model, golden]
 */
export async function digestLines(explain, read, names) {
  const lines = [];
  for (const [model, golden] of names) {
    const given = JSON.parse(new TextDecoder().decode(await read(golden))).rows.slice(0, 20);
    const rows = given.map((row) => Float64Array.from(row, (value) => value ?? NaN));
    lines.push(...linesOf(explain, model, explain.loadModel(await read(model)), rows));
  }
  return lines;
}
