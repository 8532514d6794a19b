// Prints the test contract as JSON: { abi, bytecode }.
import { compileCached, readSources } from '../../../scripts/solidity.mjs';

const sources = readSources(['contracts/src', 'contracts/test']);
process.stdout.write(JSON.stringify(compileCached(sources, [['Harness.sol', 'Harness']])[0]));
