// The anchor service of the ingest benchmark, in a process of its own: `ingest-server.mjs CONFIG`. Talks over IPC.
import { readServiceConfig, startService } from '@showcause/anchor-service';

const logger = { info() {}, warn() {}, error: (...said) => console.error(...said) };
const config = readServiceConfig(process.argv[2], process.env);
const service = await startService(
  { ...config, http: { host: '127.0.0.1', port: 0 }, checkpointIntervalMs: 100 },
  { logger },
);
process.on('message', async (message) => {
  if (message === 'end') {
    await service.close();
    process.exit(0);
  }
  const { user, system } = process.cpuUsage();
  process.send({
    signedSize: service.status().signedSize,
    cpu: user + system,
    rss: process.memoryUsage().rss,
  });
});
process.send('ready');
