import { asksGlobal } from '../global-options.ts';
import type { GlobalFlags } from '../global-options.ts';
import { loneOption } from '../outcome-options.ts';
import type { OutcomeOptions } from '../outcome-options.ts';
import { isSampledMethod } from './sampled-options.ts';
import type { SampledOptions } from './sampled-options.ts';
import type { CounterfactualFlags } from '../counterfactuals.ts';
import type { PlotFlags } from '../plot-options.ts';
import type { ReasonOptions } from '../reason-options.ts';

interface Asked
  extends
    SampledOptions,
    GlobalFlags,
    ReasonOptions,
    CounterfactualFlags,
    PlotFlags,
    OutcomeOptions {
  readonly model?: string;
  readonly rows?: string;
  readonly background?: string;
  readonly method?: string;
  readonly interactions?: true;
  readonly workers?: number;
}

/** What speaks against a use of these options, in words for `command.error`; null where nothing does. */
export function refusedSampledOptions(options: Asked): string | null {
  const { method, text, plot } = options;
  if (text !== undefined) return refusedForTexts(options);
  if (plot === 'text') return '--plot text needs --text FILE';
  if (options.rows === undefined) return '--rows FILE is needed';
  return (
    refusedModels(options) ??
    refusedParts(options) ??
    (method === 'occlusion' ? refusedForImages(options) : null) ??
    (isSampledMethod(method) ? refusedForSamples(options, method) : refusedForExact(options))
  );
}

function refusedModels({ model, predict, predictAuth, predictTimeout }: Asked): string | null {
  if (model === undefined && predict === undefined)
    return '--model FILE or --predict URL is needed';
  if (model !== undefined && predict !== undefined)
    return '--model and --predict are two models; take one';
  const alone = loneOption({ '--predict-auth': predictAuth, '--predict-timeout': predictTimeout });
  return alone !== null && predict === undefined ? `${alone} needs --predict URL` : null;
}

/** Options of one method, or of images. */
function refusedParts({ method, groups, shape, patch, stride, plot }: Asked): string | null {
  if ((groups !== undefined) !== (method === 'partition'))
    return groups === undefined
      ? '--method partition needs --groups FILE'
      : '--groups needs --method partition';
  const alone = loneOption({ '--patch': patch, '--stride': stride });
  if (alone !== null && method !== 'occlusion') return `${alone} needs --method occlusion`;
  if (plot === 'image' && shape === undefined) return '--plot image needs --shape HEIGHTxWIDTH';
  return shape !== undefined && plot !== 'image' && method !== 'occlusion'
    ? '--shape needs --method occlusion or --plot image'
    : null;
}

function refusedForExact(options: Asked): string | null {
  if (options.method === 'occlusion') return null;
  if (options.seed !== undefined && !asksGlobal(options))
    return '--seed needs --global, --surrogate or --model-card FILE';
  const alone = loneOption({
    '--predict': options.predict,
    '--samples': options.samples,
    '--batch-rows': options.batchRows,
  });
  return alone === null
    ? null
    : `${alone} needs --method kernel, permutation, sampling, partition, lime or enumerate`;
}

/** Lime's line does not add up to the score: nothing that is drawn up to it. */
const UP_TO_SCORE = ['waterfall', 'force', 'decision'];

function refusedForSamples(options: Asked, method: string): string | null {
  const { plot, predict, measure } = options;
  const exact = exactOption(options);
  if (exact !== null) return `${exact} needs an exact method, not ${method}`;
  if (plot === 'interactions' || plot === 'counterfactual')
    return `--plot ${plot} needs an exact method, not ${method}`;
  if (method === 'lime' && plot !== undefined && UP_TO_SCORE.includes(plot))
    return `--plot ${plot} goes up to the score, which lime's line does not; take bar`;
  if (measure !== undefined && predict !== undefined)
    return '--measure needs --model FILE: the answers of --predict are what they are';
  if (options.target !== undefined && predict !== undefined && options.scorer === undefined)
    return '--target needs --scorer with --predict: nobody else says what the answers are';
  if (plot !== undefined || asksGlobal(options)) return null;
  const ofMany = loneOption({
    '--output': options.output,
    '--threshold': options.threshold,
    '--adverse': options.adverse,
    '--measure': measure,
    '--target': options.target,
    '--scorer': options.scorer,
    '--stated': options.stated,
  });
  return ofMany === null ? null : `${ofMany} needs --global, --model-card or --plot with ${method}`;
}

/** The first option that only exact attributions have; null where none is. */
function exactOption(options: Asked): string | null {
  return loneOption({
    '--reasons': options.reasons,
    '--counterfactual': options.counterfactual,
    '--interactions': options.interactions,
    '--workers': options.workers,
    '--mutable': options.mutable,
    '--language': options.language,
    '--most': options.most,
    '--key-factors': options.keyFactors,
  });
}

function refusedForImages(options: Asked): string | null {
  if (options.shape === undefined) return '--method occlusion needs --shape HEIGHTxWIDTH';
  if (options.plot !== undefined && options.plot !== 'image')
    return `--method occlusion draws --plot image, not ${options.plot}`;
  const other = exactOption(options) ?? manyOption(options);
  const stray = loneOption({
    '--samples': options.samples,
    '--seed': options.seed,
    '--background': options.background,
    '--feature': options.feature,
  });
  return (other ?? stray) === null
    ? null
    : `${other ?? stray ?? ''} is nothing that --method occlusion has a use for`;
}

function refusedForTexts(options: Asked): string | null {
  const { method = 'lime', plot } = options;
  if (options.predict === undefined) return '--text needs --predict URL, a model of texts';
  if (method !== 'lime') return `--text is explained by --method lime, not ${method}`;
  if (plot !== undefined && plot !== 'text') return `--text draws --plot text, not ${plot}`;
  const other = exactOption(options) ?? manyOption(options);
  const stray = loneOption({
    '--rows': options.rows,
    '--model': options.model,
    '--background': options.background,
    '--groups': options.groups,
    '--shape': options.shape,
    '--patch': options.patch,
    '--stride': options.stride,
    '--feature': options.feature,
    '--row': options.row,
  });
  return (other ?? stray) === null
    ? null
    : `${other ?? stray ?? ''} is nothing that --text has a use for`;
}

/** The first option about many rows; null where none is. */
function manyOption(options: Asked): string | null {
  return loneOption({
    '--global, --surrogate, --drift and --model-card': asksGlobal(options) ? true : undefined,
    '--target': options.target,
    '--scorer': options.scorer,
    '--stated': options.stated,
    '--threshold': options.threshold,
    '--adverse': options.adverse,
    '--measure': options.measure,
  });
}
