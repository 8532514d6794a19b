import { tints } from './colours.ts';
import { checkCount, checkNumbers } from './data.ts';
import { decimalsFor, signedText } from './numbers.ts';
import { checkedOptions, framed, MARGIN, TYPE } from './plot.ts';
import type { CheckedOptions, Drawing, Plot, PlotOptions } from './plot.ts';
import { ellipsized, textWidth } from './text.ts';
import { cleanText, coordinate, element, escapeXml } from './xml.ts';

/** A text in pieces, each with what it counted. */
export interface TextData {
  readonly tokens: readonly string[];
  /** [tokens] */
  readonly attributions: ArrayLike<number>;
}

const SIZE = 14;
const LINE = 38;
const PAD = 3;
const GAP = 3;
const MOST_TOKENS = 2_000;
/** Tokens of at least this share of the largest have their number above them. */
const NUMBERED = 0.35;
/** Below this share a token has no mark. */
const FAINT = 0.02;

/**
 * The text itself: a full line below what raises the score, a dashed one below what lowers it, as thick and tinted as it
 * counts; the strongest have their number above.
 *
 * @throws ExplainError PLOT_DATA, PLOT_OPTION
 */
export function textPlot(data: TextData, options: PlotOptions = {}): Plot {
  const checked = checkedOptions(options);
  const { tokens, attributions } = data;
  checkCount('tokens', tokens.length, 1, MOST_TOKENS);
  checkNumbers('attributions', attributions, tokens.length);
  const sizes = Array.from(attributions, Math.abs);
  const largest = Math.max(...sizes);
  const at = sizes.indexOf(largest);
  const decimals = decimalsFor([largest]);
  return framed(
    {
      title: checked.title ?? 'Which words counted',
      subtitle: `Attributions, ${checked.unit}: full line (+) raises the score, dashed line (−) lowers it`,
      description: `Text of ${tokens.length} tokens. The strongest is "${cleanText(tokens[at] ?? '')}": ${signedText(attributions[at] ?? NaN, decimals)} ${checked.unit}.`,
      table: {
        caption: `Attributions of the tokens in order, ${checked.unit}`,
        columns: ['token', `attribution, ${checked.unit}`],
        rows: tokens.map((token, place) => [token, attributions[place] ?? NaN]),
      },
      drawing: drawing(data, largest, decimals, checked),
    },
    checked,
  );
}

function drawing(
  { tokens, attributions }: TextData,
  largest: number,
  decimals: number,
  { width }: CheckedOptions,
): Drawing {
  const room = width - 2 * MARGIN;
  let [x, y] = [MARGIN, 12];
  const body = tokens.map((token, at) => {
    const words = ellipsized(token.trim() === '' ? '␣' : token.trim(), SIZE, room - 2 * PAD);
    const value = attributions[at] ?? NaN;
    const share = largest === 0 ? 0 : Math.abs(value) / largest;
    const number = share >= NUMBERED ? signedText(value, decimals) : '';
    const wide = Math.max(textWidth(words, SIZE), textWidth(number, TYPE.tiny)) + 2 * PAD;
    if (x + wide > width - MARGIN && x > MARGIN) [x, y] = [MARGIN, y + LINE + 8];
    const drawn = word({ words, token, value, share, number, x, y, wide });
    x += wide + GAP;
    return drawn;
  });
  return { height: y + LINE + 4, body: body.join('') };
}

interface Word {
  readonly words: string;
  readonly token: string;
  readonly value: number;
  readonly share: number;
  readonly number: string;
  readonly x: number;
  readonly y: number;
  readonly wide: number;
}

function word({ words, token, value, share, number, x, y, wide }: Word): string {
  const name = value < 0 ? 'minus' : 'plus';
  const tint = Math.min(tints[name].length - 1, Math.floor(share * tints[name].length));
  const thick = 1 + 3 * share;
  const marks =
    share < FAINT
      ? ''
      : element('rect', { x, y, width: wide, height: 22, class: `f-${name}${tint}` }) +
        element('path', {
          d: `M${coordinate(x)} ${coordinate(y + 22 + thick / 2)}H${coordinate(x + wide)}`,
          class: `sc-word s-${name}`,
          fill: 'none',
          'stroke-width': coordinate(thick),
          'stroke-dasharray': value < 0 ? '4 2' : undefined,
        });
  const middle = x + wide / 2;
  const attributes = {
    x: middle,
    y: y + 16,
    'font-size': SIZE,
    'text-anchor': 'middle',
    class: 'f-ink',
  };
  const whole = words === cleanText(token.trim()) ? [] : [element('title', {}, escapeXml(token))];
  return (
    marks +
    element('text', attributes, ...whole, escapeXml(words)) +
    (number === ''
      ? ''
      : element(
          'text',
          {
            x: middle,
            y: y - 3,
            'font-size': TYPE.tiny,
            'text-anchor': 'middle',
            class: 'f-muted',
          },
          escapeXml(number),
        ))
  );
}
