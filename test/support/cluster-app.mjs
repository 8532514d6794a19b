// A producer as node:cluster runs one: several workers, each replaced when it dies. A line of each worker says its process and name, then
// one the leaf of each decision that was promised.
import cluster from 'node:cluster';
import process from 'node:process';
import { decodeReceiptHeader, leafHash, toHex } from '@showcause/core';
import { createAudit, embedded } from '@showcause/middleware';

const [dir, count] = process.argv.slice(2);

function runPrimary() {
  let isStopping = false;
  for (let i = 0; i < Number(count); i++) cluster.fork();
  cluster.on('exit', () => {
    if (!isStopping) cluster.fork();
  });
  process.on('SIGTERM', () => {
    isStopping = true;
    for (const worker of Object.values(cluster.workers)) worker.kill('SIGTERM');
  });
}

async function runWorker() {
  const audit = await createAudit({
    producer: 'loan-api',
    keys: `${dir}/producer/keys`,
    spool: `${dir}/producer/spool`,
    workers: true,
    transport: embedded({ dir: `${dir}/service/log` }),
    contact: { name: 'Credit desk', phone: '1' },
    development: true,
    registrar: `${dir}/registrar`,
    handleSignals: true,
    segmentBytes: 262_144,
  });
  process.stdout.write(`worker ${process.pid} ${audit.status().producer}\n`);
  const decideForever = async (id) => {
    while (audit.status().ready) {
      const { receipt } = await audit.wrap(
        { name: 'job', subject: () => `person-${id}` },
        { value: id },
        () => ({ id }),
      );
      process.stdout.write(`leaf ${toHex(leafHash(decodeReceiptHeader(receipt).entry))}\n`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  for (let id = 0; id < 4; id++) decideForever(id).catch(() => undefined);
}

if (cluster.isPrimary) runPrimary();
else await runWorker();
