import { scaleLinear } from 'd3-scale';
import type { Change, Counterfactuals } from '../counterfactual/result.ts';
import { refuse } from './data.ts';
import { numberText, valueText } from './numbers.ts';
import { checkedOptions, framed, MARGIN, TYPE } from './plot.ts';
import type { CheckedOptions, Drawing, Plot, PlotOptions } from './plot.ts';
import { label, textWidth } from './text.ts';
import { coordinate, element } from './xml.ts';

/** What `counterfactualSearch` found for a row. */
export interface LadderData {
  readonly found: Counterfactuals;
  /** the model's number before any change, of the goal's measure */
  readonly now: number;
  /** words of a feature's codes, for a category */
  readonly categories?: ((feature: string) => readonly string[] | undefined) | undefined;
}

const HEAD = 30;
const RUNG = 58;
const GAUGE = 54;
const BETWEEN = 16;

/**
 * A ladder for each option: a rung for every feature that changes, from the row's own value to all values that do it, and
 * where the model's number then stands against the threshold.
 *
 * @throws ExplainError PLOT_DATA where nothing was found; PLOT_OPTION
 */
export function counterfactualPlot(data: LadderData, options: PlotOptions = {}): Plot {
  const checked = checkedOptions(options);
  const { found, now } = data;
  if (found.options.length === 0) refuse(`a search that ended with ${found.status}`, 'options');
  if (!Number.isFinite(now)) refuse(`a number before the change of ${now}`, 'a finite number');
  const { goal } = found;
  const wanted = `${goal.measure} ${goal.isBelow ? 'below' : 'of at least'} ${valueText(goal.threshold)}`;
  return framed(
    {
      title: checked.title ?? 'What would have changed the outcome',
      subtitle: `Wanted: ${wanted}. Now: ${numberText(now, 4)}. ○ is the own value, the band is what would do`,
      description: `${found.options.length} options that reach a ${wanted}: ${found.options.map((_, at) => sentence(data, at)).join('; ')}.`,
      table: {
        caption: `Changes that reach a ${wanted}`,
        columns: [
          'option',
          'feature',
          'own value',
          'nearest',
          'from',
          'to',
          `${goal.measure} reached`,
        ],
        rows: found.options.flatMap(({ changes, reached }, at) =>
          changes.map((change) => [
            `option ${at + 1}`,
            change.feature,
            wordOf(data, change, change.own),
            wordOf(data, change, change.nearest),
            change.oneOf === null
              ? openEnd(change.from)
              : change.oneOf.map((code) => wordOf(data, change, code)).join(' or '),
            change.oneOf === null ? openEnd(change.to) : '',
            reached,
          ]),
        ),
      },
      drawing: drawing(data, checked),
    },
    checked,
  );
}

function openEnd(value: number | null): string | number {
  return value ?? 'no bound';
}

function wordOf({ categories }: LadderData, { feature }: Change, value: number | null): string {
  if (value === null) return 'missing';
  return categories?.(feature)?.[value] ?? valueText(value);
}

function sentence(data: LadderData, at: number): string {
  const { changes = [] } = data.found.options[at] ?? {};
  return changes
    .map(
      (change) => `${change.feature} ${wordOf(data, change, change.own)} → ${target(data, change)}`,
    )
    .join(' and ');
}

/** All values that do it, in words. */
function target(data: LadderData, change: Change): string {
  const { oneOf, from, to } = change;
  if (oneOf !== null) return oneOf.map((code) => wordOf(data, change, code)).join(' or ');
  if (from === null) return `${wordOf(data, change, to)} or less`;
  if (to === null) return `${wordOf(data, change, from)} or more`;
  return from === to
    ? wordOf(data, change, from)
    : `${wordOf(data, change, from)} to ${wordOf(data, change, to)}`;
}

function drawing(data: LadderData, checked: CheckedOptions): Drawing {
  let y = 0;
  const body = data.found.options.map(({ changes, reached }, at) => {
    const top = y;
    const words = `Option ${at + 1}: ${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`;
    const rungs = changes.map((change, rung) =>
      drawnRung(data, change, top + HEAD + rung * RUNG, checked),
    );
    const gauge = top + HEAD + changes.length * RUNG;
    y = gauge + GAUGE + BETWEEN;
    const rails = `M${coordinate(MARGIN + 5)} ${coordinate(top + 26)}V${coordinate(gauge + 26)}`;
    return (
      label(words, checked.width - 2 * MARGIN, TYPE.text, {
        x: MARGIN,
        y: top + 16,
        'font-weight': '600',
        class: 'f-ink',
      }) +
      element('path', { d: rails, class: 's-grid', fill: 'none', 'stroke-width': '3' }) +
      rungs.join('') +
      drawnGauge(data, reached, gauge, checked)
    );
  });
  return { height: y - BETWEEN, body: body.join('') };
}

/** Where tracks begin and end. */
function track({ width }: CheckedOptions): [number, number] {
  return [MARGIN + 26, width - MARGIN - 14];
}

function drawnRung(data: LadderData, change: Change, y: number, checked: CheckedOptions): string {
  const [from, to] = track(checked);
  const words = `${change.feature}: ${wordOf(data, change, change.own)} → ${target(data, change)}`;
  const line = y + 38;
  return (
    element('circle', { cx: MARGIN + 5, cy: line, r: 4, class: 'f-muted' }) +
    label(words, to - from, TYPE.text, { x: from, y: y + 16, class: 'f-ink' }) +
    element('path', {
      d: `M${coordinate(from)} ${coordinate(line)}H${coordinate(to)}`,
      class: 's-axis',
      fill: 'none',
    }) +
    (change.oneOf === null && change.own !== null
      ? numberMove(change, change.own, line, [from, to])
      : categoryMove(line, [from, to]))
  );
}

/** The band of values that do it; an open end runs off the track. The arrow ends at the nearest. */
function numberMove(change: Change, own: number, y: number, [from, to]: [number, number]): string {
  const known = [own, change.nearest, change.from ?? own, change.to ?? own];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const space = (high - low || 1) * 0.35;
  const scale = scaleLinear(
    [
      low - (change.from === null ? space : space / 4),
      high + (change.to === null ? space : space / 4),
    ],
    [from, to],
  );
  const band = [
    change.from === null ? from : scale(change.from),
    change.to === null ? to : scale(change.to),
  ] as const;
  return (
    element('rect', {
      x: band[0],
      y: y - 5,
      width: Math.max(3, band[1] - band[0]),
      height: 10,
      class: 'sc-band f-even',
    }) + moved(scale(own), scale(change.nearest), y)
  );
}

function categoryMove(y: number, [from, to]: [number, number]): string {
  const [own, nearest] = [from + 8, from + (to - from) * 0.4];
  return (
    element('rect', { x: nearest - 5, y: y - 5, width: 10, height: 10, class: 'sc-band f-even' }) +
    moved(own, nearest, y)
  );
}

/** ○ at the own value, an arrow above the track to the nearest that does it. */
function moved(own: number, nearest: number, y: number): string {
  const side = nearest < own ? -1 : 1;
  const head = `M${coordinate(nearest - side * 6)} ${coordinate(y - 4)}L${coordinate(nearest)} ${coordinate(y)}L${coordinate(nearest - side * 6)} ${coordinate(y + 4)}`;
  return (
    element('path', {
      d: `M${coordinate(own + side * 6)} ${coordinate(y)}H${coordinate(nearest)}${head}`,
      class: 'sc-move s-ink',
      fill: 'none',
      'stroke-width': '2',
    }) +
    element('circle', { cx: own, cy: y, r: 5, class: 'sc-own f-paper s-ink', 'stroke-width': '2' })
  );
}

/** The model's number before and after, and the threshold between. */
function drawnGauge(
  { found, now }: LadderData,
  reached: number,
  y: number,
  checked: CheckedOptions,
): string {
  const [from, to] = track(checked);
  const { threshold, measure } = found.goal;
  const known = [now, reached, threshold];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const space = (high - low || 1) * 0.12;
  const scale = scaleLinear([low - space, high + space], [from, to]);
  const line = y + 38;
  const words = `${measure}: ${numberText(now, 4)} → ${numberText(reached, 4)}`;
  const half = textWidth(valueText(threshold), TYPE.tiny) / 2;
  return (
    label(words, to - from, TYPE.text, {
      x: from,
      y: y + 16,
      class: 'f-ink',
      'font-weight': '600',
    }) +
    element('path', {
      d: `M${coordinate(from)} ${coordinate(line)}H${coordinate(to)}`,
      class: 's-axis',
      fill: 'none',
    }) +
    element('path', {
      d: `M${coordinate(scale(threshold))} ${coordinate(line - 10)}v20`,
      class: 'sc-threshold s-ink',
      fill: 'none',
      'stroke-width': '2',
      'stroke-dasharray': '3 2',
    }) +
    label(valueText(threshold), 80, TYPE.tiny, {
      x: Math.min(to - half, Math.max(from + half, scale(threshold))),
      y: line + 22,
      'text-anchor': 'middle',
      class: 'f-muted',
    }) +
    moved(scale(now), scale(reached), line)
  );
}
