import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatReceipt, fromBase64, parseTlogProof, formatTlogProof } from '@showcause/core';
import { showcause } from '../commands.ts';
import type { Ran } from '../commands.ts';
import type { Decided, Demo } from '../context.ts';
import { DemoError } from '../errors.ts';
import { receiptWith } from './seal.ts';

/** Act 5: the verifier knows the policy file and nothing else. */
export async function verify(demo: Demo): Promise<void> {
  const { screen, parts, log, folder, decided } = demo;
  screen.act(5, 'verify', 'a tool that trusts a policy file and nobody');
  await screen.during('saving receipts', saveReceipts(demo));
  screen.line(`policy  ${log.fingerprint}`);
  const [first] = decided;
  const policy = ['--policy', folder.policy, '--fingerprint', log.fingerprint];
  const commands: string[][] = [
    ['receipt', receiptPath(demo, first!), ...policy],
    ['log', '--log', log.dir, ...policy],
  ];
  if (parts.chain !== null) {
    const rpc = ['--log', log.dir, '--rpc', parts.chain.anvil.url];
    commands.push(
      ['receipt', receiptPath(demo, first!), ...rpc, ...policy],
      ['anchor', ...rpc, ...policy],
    );
  }
  const results = await screen.during(
    'verifying',
    Promise.all(commands.map((args) => runVerify(demo, args))),
  );
  results.forEach(({ exit, out, err }, i) => {
    const args = commands[i]!;
    const name = `showcause verify ${args[0]}${args.includes('--rpc') ? ' --rpc' : ''}`;
    if (exit !== 0)
      throw new DemoError('DEMO_ANSWER', {
        got: `exit ${exit} of ${name}: ${(err + out).trim().slice(-600)}`,
        want: '0',
      });
    screen.line();
    screen.good(`${name}: exit 0`);
    for (const line of summaryOf(out)) screen.quiet(line);
    if (args[0] === 'log')
      screen.quiet('Each call of the model is recorded: a counter-offer makes several.');
  });
}

/** One `showcause verify …`, as anybody would run it. */
export function runVerify(
  demo: Pick<Demo, 'env' | 'folder'>,
  args: readonly string[],
): Promise<Ran> {
  return showcause(['verify', ...args], {
    env: demo.env,
    logFile: join(demo.folder.logs, 'verify.log'),
  });
}

export function receiptPath(demo: Pick<Demo, 'folder'>, { decisionId }: Decided): string {
  return join(demo.folder.receipts, `${decisionId}.json`);
}

/** Receipts for `showcause verify receipt`; plain proofs and leaf bytes for other people's tools. */
async function saveReceipts(demo: Demo): Promise<void> {
  const anchored = demo.parts.chain !== null;
  await Promise.all(
    demo.decided.map(async (decided) => {
      const receipt = await receiptWith(
        decided,
        ({ proof, anchor }) => proof !== null && (!anchored || anchor !== null),
      );
      writeFileSync(receiptPath(demo, decided), formatReceipt(receipt));
      const base = join(demo.folder.proofs, decided.decisionId);
      writeFileSync(`${base}.entry`, fromBase64(receipt.entry));
      writeFileSync(`${base}.tlog-proof`, formatTlogProof(parseTlogProof(receipt.proof ?? '')));
    }),
  );
}

/** How many checks passed, the table of producers where there is one, notes, and the verdict. */
export function summaryOf(out: string): string[] {
  const lines = out.trimEnd().split('\n');
  const passed = lines.filter((line) => line.startsWith('✓')).length;
  const table = lines.findIndex((line) => line.startsWith('producer'));
  const note = lines.findIndex((line) => line.startsWith('Note:'));
  const from = [table, note, lines.length - 1].find((at) => at >= 0) ?? 0;
  const rest = lines.slice(from).filter((line) => line.trim() !== '');
  return [`${passed} checks passed`, ...rest];
}
