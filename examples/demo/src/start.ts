import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEntryOf, parsePolicy, policyFingerprint } from '@showcause/core';
import { loanApiMain, showcauseBin, showcauseOk } from './commands.ts';
import type { Demo, LogFacts, Parts } from './context.ts';
import { anvilBinary, freePort, listeningLine, startAnvil } from '@showcause/parts';
import type { Anvil, Processes, RunningProcess } from '@showcause/parts';

const ORIGIN = 'demo.showcause.example/loans';
const CHAIN_ID = 31_337;

type Setting = Pick<Demo, 'folder' | 'options' | 'env'>;

/** Kafka instead of the spool itself, when the demo runs with a broker. */
export interface Broker {
  brokers: readonly string[];
  topic: string;
}

/** Makes the set-up with `showcause init` and starts every process on it. */
export async function startParts(
  demo: Setting,
  processes: Processes,
  broker: Broker | null,
): Promise<{ parts: Parts; log: LogFacts }> {
  const [anvil, servicePort, countersignerPort, apiPort] = await Promise.all([
    !demo.options.chain || anvilBinary() === null ? null : startChain(demo, processes),
    freePort(),
    freePort(),
    freePort(),
  ]);
  await init(demo, { anvil, servicePort, countersignerPort });
  const policy = parsePolicy(readFileSync(demo.folder.policy, 'utf8'));
  if (broker !== null) useKafka(demo, broker);
  const log: LogFacts = {
    origin: policy.origin,
    logId: policy.logId,
    vkey: policy.logKeys[0] ?? '',
    fingerprint: policyFingerprint(policy),
    dir: join(demo.folder.parties, 'service/log'),
  };
  const start: Parts['start'] = {
    service: () => startShowcause(demo, processes, 'serve', 'service'),
    countersigner: () => startShowcause(demo, processes, 'countersign', 'countersigner'),
    api: () => startLoanApi(demo, processes, apiPort, broker),
  };
  if (anvil !== null) await fundOperator(demo, anvil);
  const [countersigner, service, api] = await Promise.all([
    anvil === null ? null : start.countersigner(),
    start.service(),
    start.api(),
  ]);
  const [known] = policy.chains;
  const chain =
    anvil === null || known === undefined || countersigner === null
      ? null
      : { anvil, contract: known.contract, countersigner };
  return { parts: { processes, chain, service, api, start }, log };
}

/** Blocks every second and finality two blocks later, as a chain has: nothing is final at once. */
function startChain(demo: Setting, processes: Processes): Promise<Anvil> {
  return startAnvil({
    args: ['--block-time', '1'],
    logFile: join(demo.folder.logs, 'chain.log'),
    processes,
  });
}

async function init(
  demo: Setting,
  facts: { anvil: Anvil | null; servicePort: number; countersignerPort: number },
): Promise<void> {
  const chain = facts.anvil === null ? [] : ['--chain-id', `${CHAIN_ID}`, '--rpc', facts.anvil.url];
  await showcauseOk(
    [
      'init',
      demo.folder.parties,
      '--origin',
      ORIGIN,
      '--port',
      `${facts.servicePort}`,
      '--countersigner-port',
      `${facts.countersignerPort}`,
      ...chain,
    ],
    { env: demo.env, logFile: join(demo.folder.logs, 'init.log') },
  );
  cpSync(join(demo.folder.parties, 'policy.json'), demo.folder.policy);
}

/** The anchor service deploys the contract itself. Funds come from nowhere, as only a development chain allows. */
async function fundOperator(demo: Setting, anvil: Anvil): Promise<void> {
  const genesis = parseEntryOf('genesis', readFileSync(join(demo.folder.parties, 'genesis.entry')));
  if (genesis.contract !== null) await anvil.fund(genesis.contract.operator);
}

function startShowcause(
  demo: Setting,
  processes: Processes,
  command: 'serve' | 'countersign',
  party: string,
): Promise<RunningProcess> {
  return processes.start({
    name: `showcause ${command}`,
    command: process.execPath,
    args: [showcauseBin, command, '--config', join(demo.folder.parties, party, 'config.json')],
    env: demo.env,
    logFile: join(demo.folder.logs, `${party}.log`),
    ready: listeningLine,
  });
}

function startLoanApi(
  demo: Setting,
  processes: Processes,
  port: number,
  broker: Broker | null,
): Promise<RunningProcess> {
  const party = (name: string): string => join(demo.folder.parties, name);
  const kafka =
    broker === null ? [] : ['--kafka', broker.brokers.join(','), '--topic', broker.topic];
  return processes.start({
    name: 'loan API',
    command: process.execPath,
    args: [
      loanApiMain,
      '--keys',
      party('producer/keys'),
      '--spool',
      party('producer/spool'),
      '--log',
      party('service/log'),
      '--registrar',
      party('registrar'),
      // The demo outlives nothing, so that it also runs in a container's own file system.
      '--volatile',
      '--port',
      `${port}`,
      ...kafka,
    ],
    env: demo.env,
    logFile: join(demo.folder.logs, 'loan-api.log'),
    ready: listeningLine,
  });
}

function useKafka(demo: Setting, broker: Broker): void {
  const path = join(demo.folder.parties, 'service/config.json');
  const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  config['transport'] = { kind: 'kafka', brokers: broker.brokers, topic: broker.topic };
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`);
}
