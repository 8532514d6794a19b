// Prints test contracts as JSON: { abi, bytecode } for each File.sol:Name. With an address last, SHA-256 is asked for there instead of at 0x02.
import { compileCached, readSources } from '../../../scripts/solidity.mjs';

const contracts = process.argv.slice(2).filter((one) => one.includes(':'));
const address = process.argv.slice(2).find((one) => one.startsWith('0x'));
const sources = readSources(['contracts/src', 'contracts/test']);
if (address !== undefined) {
  const text = sources['Rfc9162.sol'].content;
  sources['Rfc9162.sol'].content = text
    .replaceAll('gas(), 0x02,', `gas(), ${address},`)
    .replaceAll('address(0x02)', `address(${address})`);
}
const made = compileCached(
  sources,
  contracts.map((one) => one.split(':')),
);
process.stdout.write(JSON.stringify(made));
