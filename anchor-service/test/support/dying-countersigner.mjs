// One countersignature by a process that kills itself before the n-th call that writes: `node dying-countersigner.mjs JSON`.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

const { at, stateDir, markFile, logDir, policy, step } = JSON.parse(process.argv[2]);
let left = Infinity;
for (const name of ['openSync', 'writeSync', 'fsyncSync', 'renameSync']) {
  const call = fs[name];
  fs[name] = (...args) => {
    if (--left === 0) process.kill(process.pid, 'SIGKILL');
    return call(...args);
  };
}
syncBuiltinESMExports();

// Not the whole service: each start counts.
const { createCountersigner } = await import('../../dist/countersigner/countersigner.js');
const { ethereumAccount } = await import('../../dist/chain/accounts.js');
const { directoryLog, generateKey } = await import('@showcause/core/node');
const silent = { info() {}, warn() {}, error() {} };
const countersigner = createCountersigner({
  reader: directoryLog(logDir),
  policy: { ...policy, logId: Buffer.from(policy.logId, 'hex') },
  account: ethereumAccount(generateKey('countersigner').secretKey),
  stateDir,
  markFile,
  logger: silent,
});
left = at;
const signature = await countersigner.countersign({ ...step, root: Buffer.from(step.root, 'hex') });
left = Infinity;
process.stdout.write(Buffer.from(signature).toString('hex'));
await countersigner.close();
