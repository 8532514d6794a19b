import { asksGlobal } from '../global-options.ts';
import type { GlobalFlags } from '../global-options.ts';
import { loneOption } from '../outcome-options.ts';
import { isSampledMethod } from './sampled-options.ts';
import type { SampledOptions } from './sampled-options.ts';
import type { CounterfactualFlags } from '../counterfactuals.ts';
import type { PlotFlags } from '../plot-options.ts';
import type { ReasonOptions } from '../reason-options.ts';

interface Asked extends SampledOptions, GlobalFlags, ReasonOptions, CounterfactualFlags, PlotFlags {
  readonly model?: string;
  readonly method?: string;
  readonly interactions?: true;
  readonly workers?: number;
}

/** What speaks against a use of these options, in words for `command.error`; null where nothing does. */
export function refusedSampledOptions(options: Asked): string | null {
  const { model, predict, method, samples, batchRows, predictTimeout } = options;
  if ((model === undefined) === (predict === undefined))
    return model === undefined
      ? '--model FILE or --predict URL is needed'
      : '--model and --predict are two models; take one';
  if (predictTimeout !== undefined && predict === undefined)
    return '--predict-timeout needs --predict URL';
  if (!isSampledMethod(method)) {
    const alone = loneOption({
      '--predict': predict,
      '--samples': samples,
      '--batch-rows': batchRows,
    });
    return alone === null
      ? null
      : `${alone} needs --method kernel, permutation, sampling, lime or enumerate`;
  }
  const exact = exactOption(options);
  return exact === null ? null : `${exact} needs an exact method, not ${method}`;
}

/** The first option that only exact attributions have; null where none is. */
function exactOption(options: Asked): string | null {
  return loneOption({
    '--reasons': options.reasons,
    '--counterfactual': options.counterfactual,
    '--interactions': options.interactions,
    '--workers': options.workers,
    '--plot': options.plot,
    '--global, --surrogate and --drift': asksGlobal(options) ? true : undefined,
    '--target': options.target,
    '--scorer': options.scorer,
    '--stated': options.stated,
    '--output': options.output,
    '--threshold': options.threshold,
    '--adverse': options.adverse,
    '--measure': options.measure,
    '--mutable': options.mutable,
    '--language': options.language,
    '--most': options.most,
    '--key-factors': options.keyFactors,
    '--row': options.row,
    '--feature': options.feature,
    '--width': options.width,
  });
}
