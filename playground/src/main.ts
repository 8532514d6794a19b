import { ExplainError } from '@showcause/explain';
import { tableCsv, tableHtml } from '@showcause/explain/plots';
import type { Plot } from '@showcause/explain/plots';
import { acceptDrops, byId, pressButtons, save } from './page.ts';
import { drawn, NothingToDraw, pictures } from './pictures.ts';
import { attributionsCsv, PAGE, rowList } from './table.ts';
import { explained } from './work.ts';
import type { Files, Work } from './work.ts';

const field = (id: string): HTMLInputElement => byId(id, HTMLInputElement);
const status = byId('status', HTMLElement);
const problem = byId('problem', HTMLElement);
const figure = byId('picture', HTMLElement);
const features = byId('feature', HTMLSelectElement);

let work: Work | null = null;
let plot: Plot | null = null;
let kind = 'Waterfall';
let page = 0;

const press = pressButtons(byId('kinds', HTMLElement), Object.keys(pictures), (name) => {
  kind = name;
  draw();
});

function say(text: string, error = ''): void {
  status.textContent = text;
  problem.textContent = error;
  problem.hidden = error === '';
}

function complain(error: unknown): void {
  const code = error instanceof ExplainError ? `${error.code}: ` : '';
  say('', `${code}${error instanceof Error ? error.message : String(error)}`);
}

async function start(files: Files): Promise<void> {
  say('Explaining…');
  try {
    work = await explained(files, say);
    page = 0;
    show(work);
    say(
      `${work.rows.length} rows explained; base value and attributions add up to the score of each.`,
    );
  } catch (error) {
    complain(error);
  }
}

/** Everything that depends on what was loaded. */
function show(loaded: Work): void {
  const { model, rows } = loaded;
  byId('results', HTMLElement).hidden = false;
  byId('facts', HTMLElement).textContent =
    `${model.format}: ${model.featureNames.length} features, ${model.outputs} ${model.outputs === 1 ? 'output' : 'outputs'}; ${rows.length} rows.`;
  for (const id of ['row', 'other']) field(id).max = String(rows.length);
  field('row').value = String(firstAbove(loaded, Number(field('threshold').value)) + 1);
  field('other').value = String(Math.min(2, rows.length));
  field('output').max = String(model.outputs - 1);
  field('output').value = '0';
  byId('output-field', HTMLElement).hidden = model.outputs === 1;
  features.replaceChildren(
    new Option('the weightiest', ''),
    ...model.featureNames.map((name) => new Option(name, name)),
  );
  draw();
}

/** The first row whose probability is at the threshold or above: the one people ask about. */
function firstAbove({ explanations, output }: Work, threshold: number): number {
  return Math.max(
    0,
    explanations.findIndex(({ probability }) => (probability?.[output] ?? NaN) >= threshold),
  );
}

/** A whole number of a field, within its bounds. */
function numberIn(id: string): number {
  const { value, min, max } = field(id);
  return Math.min(Number(max), Math.max(Number(min), Math.floor(Number(value) || Number(min))));
}

/** Only the newest of several drawings that are under way is shown. */
let drawing = 0;

function draw(): void {
  if (work !== null) void drawOf(work, ++drawing);
}

async function drawOf(work: Work, turn: number): Promise<void> {
  press(kind);
  const current: Work = { ...work, output: numberIn('output') };
  const row = numberIn('row') - 1;
  list(current, row);
  try {
    const next = await drawn(kind, current, {
      row,
      other: numberIn('other') - 1,
      feature: features.value === '' ? undefined : features.value,
      threshold: Number(field('threshold').value),
      wantsHigh: field('wants-high').checked,
      width: Math.min(1000, Math.max(280, Math.floor(figure.clientWidth))),
    });
    if (turn !== drawing) return;
    plot = next;
    figure.innerHTML = plot.svg;
    byId('numbers', HTMLElement).innerHTML = tableHtml(plot.table);
    say(status.textContent ?? '');
  } catch (error) {
    if (turn !== drawing) return;
    figure.replaceChildren();
    byId('numbers', HTMLElement).replaceChildren();
    plot = null;
    if (error instanceof NothingToDraw) say(error.message);
    else complain(error);
  }
}

function list(current: Work, row: number): void {
  const choose = (next: number): void => {
    field('row').value = String(next + 1);
    draw();
    byId('rows', HTMLElement).querySelector<HTMLElement>('[aria-pressed=true]')?.focus();
  };
  byId('rows', HTMLElement).replaceChildren(...rowList(current, page, row, choose));
  const pages = Math.ceil(current.rows.length / PAGE);
  byId('page', HTMLElement).textContent = `page ${page + 1} of ${pages}`;
  byId('before', HTMLButtonElement).disabled = page === 0;
  byId('after', HTMLButtonElement).disabled = page + 1 >= pages;
}

async function chosen(): Promise<void> {
  const file = (id: string): File | undefined => field(id).files?.[0];
  const [model, rows] = [file('model-file'), file('rows-file')];
  if (model === undefined || rows === undefined) {
    say(model === undefined ? 'Now the model file.' : 'Now the rows.');
    return;
  }
  await start({
    model: new Uint8Array(await model.arrayBuffer()),
    rows: await rows.text(),
    background: (await file('background-file')?.text()) ?? null,
    mutable: (await file('mutable-file')?.text()) ?? null,
  });
}

function sample(): Files {
  const text = byId('sample-data', HTMLScriptElement).textContent;
  const { model, ...rest } = JSON.parse(text) as Omit<Files, 'model'> & { model: string };
  return { ...rest, model: Uint8Array.from(atob(model), (character) => character.charCodeAt(0)) };
}

for (const id of ['model-file', 'rows-file', 'background-file', 'mutable-file']) {
  acceptDrops(field(id));
  field(id).addEventListener('change', () => void chosen().catch(complain));
}
byId('sample', HTMLButtonElement).addEventListener('click', () => void start(sample()));
for (const id of ['row', 'other', 'output', 'threshold', 'wants-high'])
  field(id).addEventListener('change', draw);
features.addEventListener('change', draw);
for (const [id, step] of [
  ['before', -1],
  ['after', 1],
] as const)
  byId(id, HTMLButtonElement).addEventListener('click', () => {
    page += step;
    draw();
  });
byId('save-svg', HTMLButtonElement).addEventListener('click', () => {
  if (plot !== null) save('plot.svg', 'image/svg+xml', plot.svg);
});
byId('save-csv', HTMLButtonElement).addEventListener('click', () => {
  if (plot !== null) save('plot.csv', 'text/csv', tableCsv(plot.table));
});
byId('save-all', HTMLButtonElement).addEventListener('click', () => {
  if (work !== null)
    save('attributions.csv', 'text/csv', attributionsCsv({ ...work, output: numberIn('output') }));
});
new ResizeObserver(() => {
  const drawnWidth = Number(figure.querySelector('svg')?.getAttribute('width'));
  const room = Math.min(1000, Math.max(280, Math.floor(figure.clientWidth)));
  if (plot !== null && Math.abs(room - drawnWidth) > 8) draw();
}).observe(figure);
