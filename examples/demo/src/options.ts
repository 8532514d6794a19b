import { Command, InvalidArgumentError } from 'commander';

export interface DemoOptions {
  decisions: number;
  /** folder for all that the demo leaves */
  out: string;
  json: boolean;
  serve: boolean;
  kafka: boolean;
  /** false: no chain, as on a machine without anvil */
  chain: boolean;
}

const DEFAULT_DECISIONS = 24;
/** Rows of the held-out file. */
const MAX_DECISIONS = 250;

/**
 * @param npmFlags  options that npm took for its own: `npm run demo --json` gives npm_config_json=true and no argument
 * @throws commander's errors, with `exitCode`
 */
export function parseOptions(
  argv: readonly string[],
  npmFlags: Readonly<Partial<Record<'json' | 'serve' | 'kafka', boolean>>> = {},
): DemoOptions {
  const command = new Command('npm run demo --')
    .description('The main job in seven acts: decide, explain, seal, anchor, verify, show, cheat.')
    .option('--decisions <n>', 'loan applications to decide', count, DEFAULT_DECISIONS)
    .option('--out <dir>', 'where to leave everything', './showcause-demo')
    .option('--json', 'print the summary as JSON and nothing else')
    .option('--serve', 'keep API, pages, log and chain up until Ctrl-C')
    .option('--no-chain', 'leave the chain out, as on a machine without anvil')
    .option('--kafka', 'send the entries through a real Kafka broker (needs Java and Maven)')
    .exitOverride();
  command.parse([...argv], { from: 'user' });
  const given = command.opts<Partial<DemoOptions>>();
  const flag = (name: 'json' | 'serve' | 'kafka'): boolean =>
    given[name] === true || npmFlags[name] === true;
  return {
    decisions: given.decisions ?? DEFAULT_DECISIONS,
    out: given.out ?? './showcause-demo',
    json: flag('json'),
    serve: flag('serve'),
    kafka: flag('kafka'),
    chain: given.chain !== false,
  };
}

function count(value: string): number {
  const number = Number(value);
  if (!/^[0-9]+$/.test(value) || number < 1 || number > MAX_DECISIONS)
    throw new InvalidArgumentError(`Want 1 to ${MAX_DECISIONS}.`);
  return number;
}
