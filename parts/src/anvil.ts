import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PartError } from './errors.ts';
import { freePort } from './ports.ts';
import { Processes } from './process.ts';

const HARD_FORK = 'osaka';
const CHAIN_ID = 31_337;
/** 10,000 of the chain's coin, in wei. */
const FUNDS = '0x21e19e0c9bab2400000';

/** A local EVM chain. */
export interface Anvil {
  url: string;
  chainId: number;
  rpc<T = unknown>(method: string, params?: readonly unknown[]): Promise<T>;
  /** Gives each address 10,000 of the chain's coin. */
  fund(...addresses: readonly string[]): Promise<void>;
  mine(blocks?: number): Promise<void>;
  stop(): Promise<void>;
}

export interface AnvilOptions {
  /** more arguments */
  args?: readonly string[];
  port?: number;
  logFile?: string;
  /** who ends it with us; default: a group of its own */
  processes?: Processes;
}

/** Path of the program itself, so that the process we end is anvil; null where this platform has none installed. */
export function anvilBinary(): string | null {
  const platform = process.platform === 'win32' ? 'win32' : process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  try {
    const found = createRequire(import.meta.url).resolve(
      `@foundry-rs/anvil-${platform}-${arch}/package.json`,
    );
    const name = process.platform === 'win32' ? 'anvil.exe' : 'anvil';
    const path = join(dirname(found), 'bin', name);
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

/**
 * A chain of its own on a free port; `finalized` two blocks behind `latest`. Without `--block-time` in `args`: a block
 * a transaction.
 * @throws {PartError} `PART_MISSING`, `PROCESS_FAILED`
 */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const binary = anvilBinary();
  if (binary === null)
    throw new PartError('PART_MISSING', {
      got: `no anvil for ${process.platform}-${process.arch}`,
    });
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const processes = options.processes ?? new Processes();
  const running = await processes.start({
    name: 'anvil',
    command: binary,
    args: [
      '--port',
      `${port}`,
      '--slots-in-an-epoch',
      '1',
      '--hardfork',
      HARD_FORK,
      '--accounts',
      '0',
      ...(options.args ?? []),
    ],
    env: {},
    logFile: options.logFile ?? '/dev/null',
    ready: (line) => (line.startsWith('Listening on ') ? url : null),
  });
  const rpc = rpcTo(url);
  return {
    url,
    chainId: CHAIN_ID,
    rpc,
    async fund(...addresses) {
      for (const address of addresses) await rpc('anvil_setBalance', [address, FUNDS]);
    },
    async mine(blocks = 1) {
      await rpc('anvil_mine', [`0x${blocks.toString(16)}`]);
    },
    async stop() {
      processes.expectExit(running);
      running.signal('SIGKILL');
      await running.exited;
    },
  };
}

/** Plain JSON-RPC; rejects with the node's message and, where it told any, `data`. */
export function rpcTo(url: string): Anvil['rpc'] {
  return async <T>(method: string, params: readonly unknown[] = []): Promise<T> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(10_000),
    });
    const answer = (await response.json()) as {
      result?: T;
      error?: { message: string; data?: string };
    };
    if (answer.error !== undefined)
      throw Object.assign(new Error(answer.error.message), { data: answer.error.data });
    return answer.result as T;
  };
}
