import type { Plan } from '../plan.ts';
import type { System } from '../system/system.ts';

/** What a fault did. */
export interface Injected {
  /** Unix ms: from here on the service has to come back */
  ended: number;
  /** false where the fault never came to be: such a trial counts for nothing */
  hit: boolean;
  /** in a few words */
  outcome: string;
  /** what must not be and was */
  violations?: readonly string[];
  /** false where the live system was left alone, and need not come back */
  live?: boolean;
}

export type Injector = (system: System, plan: Plan) => Promise<Injected>;
