#!/usr/bin/env node
import { linesOf, runVerify } from '../dist/command.js';

process.exitCode = await runVerify(process.argv.slice(2), linesOf(process));
