// node scripts/fund-operator.mjs GENESIS RPC: gives the operator of a log ten ether on a development chain (anvil).
import { readFileSync } from 'node:fs';
import { parseEntryOf } from '@showcause/core';

const [genesis, url] = process.argv.slice(2);
const { contract } = parseEntryOf('genesis', readFileSync(genesis));
if (contract === null) throw new Error('this log has no contract');
const response = await fetch(url, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'anvil_setBalance',
    params: [contract.operator, '0x8ac7230489e80000'],
  }),
  signal: AbortSignal.timeout(10_000),
});
const { error } = await response.json();
if (error !== undefined) throw new Error(`the chain refused: ${error.message}`);
