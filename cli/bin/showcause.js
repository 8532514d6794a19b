#!/usr/bin/env node
// The built command lives in dist/, which git does not hold; this shim is what npm can link.
import { existsSync } from 'node:fs';

const built = new URL('../dist/main.js', import.meta.url);
if (existsSync(built)) await import(built.href);
else {
  process.stderr.write('showcause is not built yet. Run: npm run setup\n');
  process.exitCode = 69;
}
