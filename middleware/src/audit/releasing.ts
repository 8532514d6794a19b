import { codeOf } from '../decision.ts';
import type { RouteContext } from '../express/route.ts';
import type { Sealer } from '../sealing/sealer.ts';
import type { Telemetry } from '../telemetry.ts';

/** Said once; when the disk did not take it, again the next time. */
export function releasingOnce(
  sealer: Sealer,
  telemetry: Telemetry,
  now: () => number,
): RouteContext['releasing'] {
  let said: Promise<void> | null = null;
  return () =>
    (said ??= sealer.seal({ kind: 'releasing', at: now() }).then(
      () => undefined,
      (error: unknown) => {
        said = null;
        telemetry.unloggable(codeOf(error));
      },
    ));
}
