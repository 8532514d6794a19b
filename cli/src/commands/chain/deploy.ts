import type { Making, Rpc, TimelockPlan } from '@showcause/anchor-service';
import { createHash } from 'node:crypto';
import { Command } from 'commander';
import type { Io } from '../../io.ts';
import { developmentChainIds } from '../../setup/genesis.ts';
import { count } from './format.ts';
import { openPlace, placeOptions, timelockPlan } from './place.ts';
import type { Place, PlaceOptions } from './place.ts';
import { recordContract } from './policy-file.ts';
import { accountIn, keyOptions } from './sender.ts';
import type { SenderOptions } from './sender.ts';

interface DeployOptions extends PlaceOptions, SenderOptions {
  timelock?: string;
  policy?: string;
  development?: true;
  dryRun?: true;
}

/** What became of one contract. */
interface Made {
  name: 'timelock' | 'contract';
  address: string;
  outcome: 'there' | 'deployed' | 'would deploy';
  transactionHash: string | null;
  call: { to: string; function: string; data: string } | null;
  gas: number | null;
}

/** `showcause chain deploy`. */
export function deployCommand(io: Io): Command {
  const command = new Command('deploy')
    .summary('put contract and timelock where genesis says')
    .description(
      "Puts the log's timelock and contract on the chain that genesis names, through its CREATE2 factory, and the contract's " +
        'address into the policy file. What is there already is left as it is, whoever put it there.',
    );
  keyOptions(placeOptions(command), 'operator')
    .option('--timelock <file>', 'plan of the timelock (default: timelock.json beside genesis)')
    .option('--policy <file>', 'policy file that the address is written into')
    .option('--development', 'mark the chain there as one for development')
    .option('--dry-run', 'print calls and gas; send nothing')
    .option('--json', 'one JSON document instead of text, calldata included');
  return command
    .addHelpText(
      'after',
      `
Both addresses are computed before anything is there: genesis names the
timelock's, and the contract's follows from genesis. Any account may pay.

Exit codes: 0 both are there, 1 refused, 2 could not, 64 usage.

Examples:
  showcause chain deploy --config ./service/config.json --keys ./service/keys \\
    --policy policy.json
  showcause chain deploy --genesis genesis.entry --rpc https://… --dry-run`,
    )
    .action((options: DeployOptions) => deployAll(io, options));
}

async function deployAll(io: Io, options: DeployOptions): Promise<void> {
  const place = await openPlace(io, options);
  const made: Made[] = [];
  for (const { name, making } of await makings(place, options.timelock))
    made.push(await makeOne(io, options, place, name, making));
  const policy = options.policy === undefined ? null : policyOf(options, place);
  if (options.json === true)
    return io.out(
      JSON.stringify(
        { v: 1, kind: 'chain-deploy', chainId: place.contract.chainId, made, policy },
        null,
        2,
      ),
    );
  io.out(`chain     ${place.contract.chainId}, by ${place.node}`);
  for (const one of made) for (const line of linesOf(one)) io.out(line);
  if (policy !== null) io.out(`policy    ${policy.file}: ${policy.outcome}, ${policy.fingerprint}`);
  if (options.dryRun === true) io.out('dry run: nothing was sent, nothing was written');
}

/** The timelock first: a contract whose timelock never comes could never be resumed. */
async function makings(
  place: Place,
  file: string | undefined,
): Promise<{ name: Made['name']; making: Making }[]> {
  const { anybody, logContractMaking, requireTimelock } = await import('@showcause/anchor-service');
  const { contract, logId } = place;
  const log = { name: 'contract' as const, making: logContractMaking(logId, contract) };
  if (contract.timelock === anybody) return [log];
  const plan: TimelockPlan | null = await timelockPlan(place, file);
  // Somebody else's timelock, such as one that several logs share.
  if (plan === null) return [log];
  return [{ name: 'timelock', making: requireTimelock(contract, plan) }, log];
}

async function makeOne(
  io: Io,
  options: DeployOptions,
  { rpc, endpoints, contract }: Place,
  name: Made['name'],
  making: Making,
): Promise<Made> {
  const { ChainError, deploy, hasCode, madeAt } = await import('@showcause/anchor-service');
  const address = madeAt(making);
  const there = { name, address, transactionHash: null, call: null, gas: null };
  if (await hasCode(rpc, address)) return { ...there, outcome: 'there' };
  if (options.dryRun === true)
    return { ...there, outcome: 'would deploy', ...(await plannedCall(rpc, making)) };
  if (options.keys === undefined)
    throw new ChainError('ROLE_NO_KEY', { got: `no --keys to deploy the ${name}` });
  const account = await accountIn(
    io,
    options.keys,
    options.role ?? 'operator',
    options.passphraseFile,
  );
  const { deployed, transactionHash } = await deploy(endpoints, making, {
    account,
    chainId: contract.chainId,
  });
  return { ...there, outcome: deployed ? 'deployed' : 'there', transactionHash };
}

/** From nobody: the factory serves all alike. */
async function plannedCall(rpc: Rpc, making: Making): Promise<Pick<Made, 'call' | 'gas'>> {
  const { gasOf, makingCall, requireFactory } = await import('@showcause/anchor-service');
  await requireFactory(rpc, making.factory);
  const says = 'salt ‖ init code';
  const call = { ...makingCall(making), function: says, says, args: [] };
  const gas = await gasOf(rpc, call, '0x0000000000000000000000000000000000000000');
  const { to, data } = call;
  return { call: { to, function: says, data }, gas };
}

function linesOf({ name, address, outcome, transactionHash, call, gas }: Made): string[] {
  const lines = [`${name.padEnd(9)} ${address}: ${outcome}`];
  if (transactionHash !== null) lines.push(`          ${transactionHash}, mined`);
  if (call === null) return lines;
  return [
    ...lines,
    `  to        ${call.to}, the CREATE2 factory`,
    `  function  ${call.function}`,
    `  calldata  ${count((call.data.length - 2) / 2)} bytes, SHA-256 ${sha256Hex(call.data)}`,
    `  gas       ${count(gas ?? 0)}`,
  ];
}

function policyOf(options: DeployOptions, { logId, contract, address }: Place) {
  const development =
    options.development === true || developmentChainIds.includes(contract.chainId);
  return recordContract(
    options.policy!,
    logId,
    { chainId: contract.chainId, contract: address, development },
    options.dryRun === true,
  );
}

function sha256Hex(data: string): string {
  return createHash('sha256')
    .update(Buffer.from(data.slice(2), 'hex'))
    .digest('hex')
    .slice(0, 16);
}
