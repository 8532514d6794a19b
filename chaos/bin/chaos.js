#!/usr/bin/env node
// The built program lives in dist/, which git does not hold.
import { existsSync } from 'node:fs';

const built = new URL('../dist/main.js', import.meta.url);
if (existsSync(built)) await import(built.href);
else {
  process.stderr.write('Chaos is not built yet. Run: npm run chaos\n');
  process.exitCode = 69;
}
