// What the middleware does with a spool when its transport is Kafka, in a process of its own: `kafka-publisher.mjs SPOOL BROKERS TOPIC`.
import { setTimeout as delay } from 'node:timers/promises';
import { kafka } from '@showcause/middleware/transports/kafka';
import { PRODUCER } from './set-up.mjs';

const built = new URL('../../middleware/dist/', import.meta.url);
const { startPublisher } = await import(new URL('transports/publisher.js', built));
const [spoolDir, brokers, topic] = process.argv.slice(2);
const transport = kafka({ brokers: brokers.split(','), topic });
// The service makes the topic when it starts.
for (let isThere = false; !isThere;)
  isThere = await transport.connect().then(
    () => true,
    () => delay(100),
  );
let spooled = () => undefined;
const publisher = startPublisher({
  config: { spoolDir, producer: PRODUCER },
  transport,
  sealer: { onCommit: (listener) => (spooled = listener) },
  telemetry: {
    published() {},
    publishFailed: (code) => console.error(`publishing failed: ${code}`),
  },
});
process.on('message', async (message) => {
  if (message === 'spooled') return spooled();
  if (message === 'end') {
    await publisher.close();
    process.exit(0);
  }
  const { user, system } = process.cpuUsage();
  process.send({ cpu: user + system, rss: process.memoryUsage().rss });
});
// Whoever asked is gone.
process.on('disconnect', () => process.exit(1));
process.send('ready');
