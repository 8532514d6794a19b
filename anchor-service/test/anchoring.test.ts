import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import {
  TreeFrontier,
  formatPolicy,
  fromBase64,
  leafHash,
  openCheckpoint,
  parseAnchorEvidence,
  parseEntryOf,
  parseJson,
  parseVkey,
  policyFromGenesis,
  toHex,
} from '@showcause/core';
import { ensurePassphraseFile, loadOrCreateKey } from '@showcause/core/node';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { ethereumAccount, ethereumAddress } from '../src/chain/accounts.ts';
import { contractAddress, genesisContract } from '../src/chain/contract.ts';
import { checkpointTypedData } from '../src/chain/typed-data.ts';
import { createViemChain } from '../src/chain/viem.ts';
import { readCountersignerConfig, readServiceConfig } from '../src/config.ts';
import { startCountersigner } from '../src/countersigner/start.ts';
import type { RunningCountersigner } from '../src/countersigner/run.ts';
import { startService } from '../src/service.ts';
import type { AnchorService } from '../src/service.ts';
import { TestProducer, TestSpool } from '../src/testing.ts';
import {
  ORIGIN,
  eventually,
  newFolder,
  removeFolders,
  silent,
  writeServiceFolder,
} from './support/log.ts';
import type { TestLog } from './support/log.ts';
import { ScriptedNode, result } from './support/scripted-node.ts';

let anvil: Anvil;
const open: { close(): Promise<void> }[] = [];

/** Service and countersigner in folders of their own, as two companies would run them. */
async function setUp(): Promise<{
  dir: string;
  log: TestLog;
  spool: string;
  config: string;
  contract: string;
  countersigner: RunningCountersigner;
  /** the countersigner's folder */
  other: string;
  countersignerKey: Uint8Array;
  operatorKey: Uint8Array;
  start: () => Promise<AnchorService>;
}> {
  const dir = newFolder();
  const other = newFolder();
  const keys = join(other, 'keys');
  const key = loadOrCreateKey(keys, 'countersigner', ensurePassphraseFile(keys));
  let operatorKey: Uint8Array | null = null;
  const guardian = `0x${'11'.repeat(20)}`;
  const { config, log, spool } = writeServiceFolder(
    dir,
    {
      anchor: {
        rpcUrl: anvil.url,
        countersigner: { url: 'http://127.0.0.1:1', tokenFile: './countersigner-token' },
        pollMs: 50,
        minAdvanceIntervalMs: 0,
      },
    },
    (operator) => {
      operatorKey = operator.secretKey;
      return genesisContract({
        chainId: anvil.chainId,
        salt: randomBytes(32),
        operator: ethereumAddress(operator.publicKey),
        countersigner: ethereumAddress(key.publicKey),
        guardian,
        timelock: guardian,
      });
    },
  );
  const genesis = parseEntryOf('genesis', log.genesis);
  await anvil.fund(genesis.contract!.operator);
  const contract = contractAddress(log.logId, genesis.contract!);
  const policy = policyFromGenesis(log.genesis, toHex(log.logId), [
    { chainId: anvil.chainId, contract, development: true },
  ]);
  writeFileSync(join(other, 'policy.json'), formatPolicy(policy));
  writeFileSync(join(other, 'genesis.entry'), log.genesis);
  writeFileSync(join(other, 'token'), `${'c'.repeat(32)}\n`, { mode: 0o600 });
  writeFileSync(
    join(other, 'config.json'),
    JSON.stringify({
      v: 1,
      keys: './keys',
      policy: './policy.json',
      genesis: './genesis.entry',
      log: join(dir, 'log'),
      readerTokenFile: null,
      tokenFile: './token',
      state: './state',
      http: { host: '127.0.0.1', port: 0 },
    }),
  );
  const countersigner = await startCountersigner(
    readCountersignerConfig(join(other, 'config.json')),
    { logger: silent },
  );
  open.push(countersigner);
  const value = JSON.parse(readFileSync(config, 'utf8')) as {
    anchor: { countersigner: { url: string } };
  };
  value.anchor.countersigner.url = countersigner.url;
  writeFileSync(config, JSON.stringify(value));
  return {
    dir,
    log,
    spool,
    config,
    contract,
    countersigner,
    other,
    countersignerKey: key.secretKey,
    operatorKey: operatorKey!,
    async start() {
      const service = await startService(readServiceConfig(config), { logger: silent });
      open.push(service);
      return service;
    },
  };
}

describeWithAnvil('the service on a chain', () => {
  beforeAll(async () => {
    anvil = await startAnvil(['--block-time', '1']);
  });
  afterEach(async () => {
    for (const part of open.splice(0).reverse()) await part.close();
  });
  afterAll(async () => {
    removeFolders();
    await anvil.stop();
  });

  test('deploys the contract, anchors to finality, keeps the evidence, and goes on after a restart', async () => {
    const { dir, log, spool, contract, countersigner, start } = await setUp();
    const producer = new TestProducer('loan-api', log.logId);
    const spooled = new TestSpool(spool, log.logId);
    spooled.begin(producer);
    spooled.registration(log.register('loan-api', producer.key.publicKey));
    spooled.batch(producer.batch(20));
    let service = await start();
    await eventually(() => service.status().anchoredSize === 23, 20_000);
    expect(service.status().anchoring).toBe('running');
    expect(countersigner.state().size).toBe(23);
    const evidence = parseAnchorEvidence(
      parseJson(readFileSync(join(dir, 'log/anchors/latest.json'), 'utf8')),
    );
    expect(evidence).toMatchObject({ chainId: anvil.chainId, contract, size: 23 });
    const checkpoint = openCheckpoint(fromBase64(evidence.checkpoint), ORIGIN, [
      parseVkey(log.vkey),
    ]);
    expect(toHex(checkpoint.root)).toBe(evidence.root);
    expect(readFileSync(join(dir, 'log/anchors/23.json'), 'utf8')).toBe(
      readFileSync(join(dir, 'log/anchors/latest.json'), 'utf8'),
    );
    await service.close();
    spooled.batch(producer.batch(300));
    service = await start();
    await eventually(() => service.status().anchoredSize === 323, 20_000);
    const answer = await fetch(`${service.url}/v1/heads`);
    expect(await answer.json()).toMatchObject({ signed: { size: 323 }, anchored: { size: 323 } });
  });

  test('the log goes on while chain or countersigner are away, and catches up', async () => {
    const { log, spool, countersigner, start, other } = await setUp();
    const producer = new TestProducer('loan-api', log.logId);
    const spooled = new TestSpool(spool, log.logId);
    spooled.begin(producer);
    spooled.registration(log.register('loan-api', producer.key.publicKey));
    spooled.batch(producer.batch(5));
    await countersigner.close();
    open.splice(0);
    const service = await start();
    await eventually(() => service.status().signedSize === 8, 20_000);
    expect(service.status()).toMatchObject({ anchoring: 'running', anchoredSize: 0 });
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    const port = Number(new URL(countersigner.url).port);
    const config = readCountersignerConfig(join(other, 'config.json'));
    open.push(
      await startCountersigner({ ...config, http: { ...config.http, port } }, { logger: silent }),
    );
    await eventually(() => service.status().anchoredSize === 8, 30_000);
  }, 60_000);

  test('one endpoint of three that is of another chain ends nothing', async () => {
    const { config, start } = await setUp();
    const honest = await ScriptedNode.before(anvil.url);
    const liar = await ScriptedNode.before(anvil.url);
    liar.scripts.set('eth_chainId', result('0x1'));
    try {
      const value = JSON.parse(readFileSync(config, 'utf8')) as { anchor: Record<string, unknown> };
      delete value.anchor['rpcUrl'];
      value.anchor['rpcUrls'] = [liar.url, anvil.url, honest.url];
      writeFileSync(config, JSON.stringify(value));
      const service = await start();
      await eventually(() => service.status().anchoredSize === 2, 30_000);
      expect(service.status().anchoring).toBe('running');
    } finally {
      liar.stop();
      honest.stop();
    }
  }, 60_000);

  test('a foreign head on the chain ends signing, and readiness says so', async () => {
    const { log, spool, contract, countersignerKey, operatorKey, start } = await setUp();
    const service = await start();
    await eventually(() => service.status().anchoredSize === 2, 20_000);
    const chain = createViemChain({
      rpcUrl: anvil.url,
      chainId: anvil.chainId,
      contract,
      account: ethereumAccount(operatorKey),
    });
    const head = await chain.head('latest');
    const frontier = TreeFrontier.from(2, [head!.root]);
    const foreign = leafHash(new Uint8Array([1]));
    frontier.append(foreign);
    const step = { oldSize: 2, size: 3, root: frontier.root() };
    const signature = await ethereumAccount(countersignerKey).signTypedData(
      checkpointTypedData(anvil.chainId, contract, step),
    );
    const countersignature = Buffer.from(signature.slice(2), 'hex');
    // What is left of the old tree is its root, what is new its sibling.
    await chain.advance({ ...step, proof: [foreign], countersignature });
    await eventually(() => service.status().anchoring === 'failed', 20_000);
    const producer = new TestProducer('loan-api', log.logId);
    const spooled = new TestSpool(spool, log.logId);
    spooled.begin(producer);
    spooled.registration(log.register('loan-api', producer.key.publicKey));
    spooled.batch(producer.batch(5));
    await expect(service.done).rejects.toMatchObject({ code: 'PUBLISH_FAILED' });
    expect(service.status().signedSize).toBe(2);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
    await service.close();
    open.splice(open.indexOf(service), 1);
    expect((await start()).status()).toMatchObject({
      state: 'refused',
      code: expect.stringMatching(/^PUBLISH_(FORK|ROLLBACK)$/),
    });
  }, 60_000);
});
