import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEntryOf, parsePolicy, policyFingerprint } from '@showcause/core';
import { showcauseOk } from './commands.ts';
import type { Demo, LogFacts, Parts } from './context.ts';
import { anvilBinary, freePort, startAnvil, startLoanApi, startShowcause } from '@showcause/parts';
import type { Anvil, Processes } from '@showcause/parts';

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
  const { parties, logs } = demo.folder;
  const place = { processes, env: demo.env, logs };
  const start: Parts['start'] = {
    service: () => startShowcause(place, 'service', parties),
    countersigner: () => startShowcause(place, 'countersigner', parties),
    api: () => startLoanApi(place, { parties, log: log.dir, kafka: broker, port: apiPort }),
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

function useKafka(demo: Setting, broker: Broker): void {
  const path = join(demo.folder.parties, 'service/config.json');
  const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  config['transport'] = { kind: 'kafka', brokers: broker.brokers, topic: broker.topic };
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`);
}
