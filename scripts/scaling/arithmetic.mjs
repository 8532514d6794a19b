// From figures of one log and the inputs of a customer to logs, cores, bytes, files, requests and gas. Pure.
import { entryBundles, newTiles } from '@showcause/core';

const DAY_S = 86_400;
const YEAR_D = 365;
/** beginnings of a growth that are averaged over: two full tiles */
const SAMPLES = 512;

/**
 * @param {import('./customers.mjs').Customer} customer
 * @param {ReturnType<import('./figures.mjs').figuresOf>} figures
 * @param {typeof import('./customers.mjs').inputs} inputs
 */
export function planFor(customer, figures, inputs) {
  const { tenants, decisionsPerDay, peak, producers } = customer;
  const log = figures[customer.store];
  const ofTenant = decisionsPerDay * inputs.entriesPerDecision;
  const meanRate = ofTenant / DAY_S;
  const planned = log.rate * inputs.load;
  const logsPerTenant = Math.max(1, Math.ceil((meanRate * peak) / planned));
  const logs = tenants * logsPerTenant;
  const heartbeats = (producers / logsPerTenant + 1) * inputs.heartbeatsPerDay;
  const perLogAndDay = ofTenant / logsPerTenant + heartbeats;
  const leavesAfterAYear = perLogAndDay * YEAR_D;
  const checkpoints = Math.min(DAY_S / customer.checkpointSeconds, perLogAndDay);
  const requests = requestsOf(leavesAfterAYear, perLogAndDay / checkpoints);
  const gasOfOne = gasAt(figures.gas, leavesAfterAYear);
  const gasPerDay = gasOfOne * customer.anchorsPerDay * logs;
  const decisions = decisionsPerDay * tenants;
  const costPerDay = gasPerDay * inputs.gasPriceGwei * 1e-9 * inputs.coinPrice;
  const puts = requests.puts * checkpoints * logs;
  const gets = requests.gets * checkpoints * logs;
  const entriesPerYear = perLogAndDay * logs * YEAR_D;
  // Heartbeats carry no payload.
  const bytesPerYear = {
    database: log.bytes.database * entriesPerYear,
    sealed: log.bytes.sealed * decisions * inputs.entriesPerDecision * YEAR_D,
    tiles: log.bytes.tiles * entriesPerYear,
  };
  return {
    peakEntries: meanRate * peak * tenants,
    planned,
    logs,
    services: Math.ceil(logs / inputs.logsPerService),
    cores: (meanRate * peak * tenants * log.cpu) / 1e6,
    memoryMb: figures.memoryMb * Math.min(logs, inputs.logsPerService),
    leavesAfterAYear,
    bytesPerYear,
    tilesPerYear: logs * fullTiles(leavesAfterAYear),
    putsPerDay: puts,
    getsPerDay: gets,
    requestCostPerDay:
      (puts * inputs.pricePerMillionPuts + gets * inputs.pricePerMillionGets) / 1e6,
    gasPerDay,
    costPerDay,
    costPerDecision: costPerDay / decisions,
  };
}

/** Bundles and hash tiles of all levels that are full; each is one file that never changes. */
export function fullTiles(leaves) {
  let tiles = Math.floor(leaves / 256);
  for (let items = Math.floor(leaves / 256); items > 0; items = Math.floor(items / 256))
    tiles += items;
  return tiles;
}

/**
 * Of one checkpoint: what changed is put, with the note, and all but the note is read again before it is signed, with one tile
 * of each level for the root.
 */
export function requestsOf(leaves, entries) {
  const growth = Math.max(1, Math.round(entries));
  let tiles = 0;
  for (let i = 0; i < SAMPLES; i++) {
    const from = Math.floor(leaves) + i * growth;
    tiles += entryBundles(from, from + growth).length + newTiles(from, from + growth).length;
  }
  const mean = tiles / SAMPLES;
  const levels = Math.ceil(Math.log(Math.max(2, leaves)) / Math.log(256));
  return { puts: mean + 1, gets: mean + levels };
}

/** Between two measured sizes, by the logarithm of the size: a proof has a hash for each doubling. */
export function gasAt(gas, leaves) {
  const at = Math.log10(Math.max(leaves, gas[0].leaves));
  const above = gas.findIndex((point) => Math.log10(point.leaves) >= at);
  if (above === -1) return gas.at(-1).gas;
  if (above === 0) return gas[0].gas;
  const [low, high] = [gas[above - 1], gas[above]];
  const [x, y] = [Math.log10(low.leaves), Math.log10(high.leaves)];
  return low.gas + ((high.gas - low.gas) * (at - x)) / (y - x);
}
