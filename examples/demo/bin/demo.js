#!/usr/bin/env node
// The built demo lives in dist/, which git does not hold.
import { existsSync } from 'node:fs';

const built = new URL('../dist/main.js', import.meta.url);
if (existsSync(built)) await import(built.href);
else {
  process.stderr.write('The demo is not built yet. Run: npm run demo\n');
  process.exitCode = 69;
}
