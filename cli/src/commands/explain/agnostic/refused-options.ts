import { asksGlobal } from '../global-options.ts';
import type { GlobalFlags } from '../global-options.ts';
import { loneOption } from '../outcome-options.ts';
import { isSampledMethod } from './sampled-options.ts';
import type { SampledOptions } from './sampled-options.ts';

interface Asked extends SampledOptions, GlobalFlags {
  readonly model?: string;
  readonly method?: string;
  readonly reasons?: string;
  readonly counterfactual?: true;
  readonly interactions?: true;
  readonly workers?: number;
  readonly plot?: string;
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
  const exact = loneOption({
    '--reasons': options.reasons,
    '--counterfactual': options.counterfactual,
    '--interactions': options.interactions,
    '--workers': options.workers,
    '--plot': options.plot,
    '--global, --surrogate and --drift': asksGlobal(options) ? true : undefined,
  });
  return exact === null ? null : `${exact} needs an exact method, not ${method}`;
}
