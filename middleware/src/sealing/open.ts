import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SealingConfig } from './config.ts';
import type { EnginePorts } from './journal.ts';
import { inlineSealer } from './inline.ts';
import type { Sealer } from './sealer.ts';
import { workerSealer } from './worker-client.ts';

/**
 * A sealer on a thread of its own where the compiled worker lies beside this file, on the caller's
 * thread where the package runs from source or the options say so.
 */
export async function openSealer(
  config: SealingConfig,
  wanted: 'worker' | 'inline' | null,
  ports: EnginePorts,
): Promise<Sealer> {
  const script = new URL('./worker.js', import.meta.url);
  if (wanted === 'inline' || (wanted === null && !existsSync(fileURLToPath(script))))
    return inlineSealer(config, ports);
  return await workerSealer(config, script);
}
