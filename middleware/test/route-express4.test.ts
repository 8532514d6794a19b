import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';
import { endingsTable } from './endings.ts';
import type { ExpressLike } from './endings.ts';

const require = createRequire(import.meta.url);
const express4 = require('express4') as ExpressLike;

test('this is Express 4', () => {
  expect((require('express4/package.json') as { version: string }).version).toMatch(/^4\./);
});

endingsTable('Express 4', express4);
