// For whom docs/scaling.md does its sums. Every number here is an input, chosen and stated; none is measured.

/**
 * @typedef {object} Customer
 * @property {string} name
 * @property {number} tenants  each with a log of its own
 * @property {number} decisionsPerDay  of one tenant
 * @property {number} peak  busiest second over the day's mean
 * @property {number} producers  processes that spool, of one tenant
 * @property {number} checkpointSeconds  least time between two checkpoints
 * @property {number} anchorsPerDay  of one log
 * @property {'sqlite' | 'postgres'} store
 */

/** @type {readonly Customer[]} */
export const customers = [
  {
    name: 'small lender',
    tenants: 1,
    decisionsPerDay: 1_000,
    peak: 20,
    producers: 1,
    checkpointSeconds: 1,
    anchorsPerDay: 24,
    store: 'sqlite',
  },
  {
    name: 'large bank',
    tenants: 1,
    decisionsPerDay: 1_000_000,
    peak: 8,
    producers: 16,
    checkpointSeconds: 1,
    anchorsPerDay: 24,
    store: 'postgres',
  },
  {
    name: 'national credit bureau',
    tenants: 1,
    decisionsPerDay: 50_000_000,
    peak: 8,
    producers: 128,
    checkpointSeconds: 1,
    anchorsPerDay: 24,
    store: 'postgres',
  },
  {
    name: 'thousand tenants',
    tenants: 1_000,
    decisionsPerDay: 2_000,
    peak: 20,
    producers: 1,
    checkpointSeconds: 1,
    anchorsPerDay: 1,
    store: 'postgres',
  },
];

/** Inputs that are the same for all. */
export const inputs = {
  /** intent and decision */
  entriesPerDecision: 2,
  /** of each producer and of the service itself: one every 60 s */
  heartbeatsPerDay: 1_440,
  /** share of what a log was seen to do that is planned for */
  load: 0.5,
  /** of one service; its configuration takes up to 64 */
  logsPerService: 10,
  /** a price of gas in units of 10^-9 coin, and of the coin in a currency */
  gasPriceGwei: 1,
  coinPrice: 2_500,
  /** an object store's price for a million requests */
  pricePerMillionPuts: 5,
  pricePerMillionGets: 0.4,
};
