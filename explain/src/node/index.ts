export { explainerPool } from './pool.ts';
export type { ExplainerPool, PoolOptions } from './pool.ts';
