#!/usr/bin/env node
// The pinned compiler from npm, spoken to as the program of that name: what Slither calls.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const solc = createRequire(import.meta.url)('solc');
if (process.argv.includes('--standard-json')) {
  const input = JSON.parse(readFileSync(0, 'utf8'));
  for (const [name, source] of Object.entries(input.sources))
    source.content ??= readFileSync(source.urls?.[0] ?? name, 'utf8');
  process.stdout.write(solc.compile(JSON.stringify(input)));
} else process.stdout.write(`Version: ${solc.version()}\n`);
