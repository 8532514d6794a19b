import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encodeEntryBundle, entryBundles, leafHash, tilePath } from '@showcause/core';
import type { AnchorEvidence } from '@showcause/core';
import { runVerify } from '../../src/command.ts';
import { TileMaker } from '../../src/index.ts';
import type { MiniLog } from './fixture.ts';

/** An empty folder that is removed by `remove`. */
export function emptyFolder(): {
  dir: string;
  write: (name: string, content: string | Uint8Array) => string;
  remove: () => void;
} {
  const dir = mkdtempSync(join(tmpdir(), 'verify-'));
  return {
    dir,
    write(name, content) {
      const path = join(dir, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      return path;
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Writes a log as the files of c2sp.org/tlog-tiles. */
export function publish(
  log: MiniLog,
  write: (name: string, content: string | Uint8Array) => string,
  anchor: AnchorEvidence | null = null,
): void {
  const size = log.entries.length;
  write('checkpoint', log.checkpoint());
  for (const tile of entryBundles(0, size))
    write(
      tilePath(tile),
      encodeEntryBundle(log.entries.slice(tile.index * 256, tile.index * 256 + tile.width)),
    );
  const tiles = new TileMaker();
  const made = log.entries.flatMap((entry) => tiles.append(leafHash(entry)));
  for (const { tile, bytes } of [...made, ...tiles.rest()]) write(tilePath(tile), bytes);
  if (anchor !== null) write('anchors/latest.json', JSON.stringify(anchor));
}

interface Served {
  url: string;
  close: () => Promise<void>;
}

/** Serves a folder over HTTP. */
export function fileServer(dir: string): Promise<Served> {
  return served(dir, () => true);
}

/** The same for a log that shows its entries to holders of a token alone. */
export function closedServer(dir: string, token: string): Promise<Served> {
  return served(
    dir,
    ({ url, headers }) =>
      url?.startsWith('/tile/entries/') !== true || headers.authorization === `Bearer ${token}`,
  );
}

async function served(
  dir: string,
  mayRead: (request: IncomingMessage) => boolean,
): Promise<Served> {
  const server = createServer((request, response) => {
    if (!mayRead(request)) {
      response.writeHead(401).end();
      return;
    }
    try {
      response.end(readFileSync(join(dir, request.url ?? '/')));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

interface Ran {
  code: number;
  out: string;
  err: string;
}

/**
 * Runs a command line in this process. What is asked for as JSON is asked for as text too: the exit code must be the
 * same, and the text must end with the verdict that it stands for.
 */
export async function run(...argv: readonly string[]): Promise<Ran> {
  const ran = await runOnce(argv);
  const isJson = argv.includes('--json');
  const text = isJson ? await runOnce(argv.filter((word) => word !== '--json')) : ran;
  if (text.code !== ran.code) throw new Error(`exit ${text.code} as text, ${ran.code} as JSON`);
  const isVerdict = text.code !== 64 && !argv.includes('--help');
  if (isVerdict && !text.out.split('\n').some((line, i, all) => endsWith(line, i, all, text.code)))
    throw new Error(`exit ${text.code} and no verdict at the end of:\n${text.out}\n${text.err}`);
  return ran;
}

const verdicts = ['VERIFIED: ', 'REFUTED: ', 'COULD NOT CHECK: '];

/** Whether a verdict begins on this line and fills the rest. */
function endsWith(line: string, at: number, all: readonly string[], code: number): boolean {
  const rest = all.slice(at + 1);
  return line.startsWith(verdicts[code] ?? '?') && rest.every((more) => more.startsWith('  '));
}

async function runOnce(argv: readonly string[]): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runVerify(argv, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}
