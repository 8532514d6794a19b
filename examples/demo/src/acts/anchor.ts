import type { Demo } from '../context.ts';
import { anchoredHead } from '../published.ts';
import { receiptWith } from './seal.ts';

/** Act 4: the head is final on a chain whose contract takes only what extends the last one. */
export async function anchor(demo: Demo): Promise<void> {
  const { screen, parts, log, decided } = demo;
  screen.act(4, 'anchor', 'the head goes on an EVM chain, with both signatures');
  if (parts.chain === null) {
    screen.line('Not shown: this machine has no anvil, so there is no chain to anchor on.');
    return;
  }
  const { anvil, contract } = parts.chain;
  const evidence = await screen.during(
    'waiting until the chain calls it final',
    Promise.all(decided.map((one) => receiptWith(one, (receipt) => receipt.anchor !== null))).then(
      () => anchoredHead(log.dir),
    ),
  );
  screen.line(`contract  ${contract}`);
  screen.line('          CREATE2: its address is computed from genesis, so a log has exactly one');
  screen.line(`head      size ${evidence.size}, root ${evidence.root.slice(0, 32)}…`);
  screen.line(`final in  block ${evidence.blockNumber} of chain ${evidence.chainId}`);
  if (evidence.transactionHash !== null) {
    const receipt = await anvil.rpc<{ gasUsed: string }>('eth_getTransactionReceipt', [
      evidence.transactionHash,
    ]);
    const gas = Number(receipt.gasUsed).toLocaleString('en');
    screen.line(`gas       ${gas}, consistency proof checked by the contract itself`);
  }
  screen.line();
  screen.good('not even the operator’s keys can rewrite what is below this head');
  screen.quiet('A chain on this machine proves nothing against its owner: the policy marks it so.');
}
