// The anchor service of the benches, in a process of its own: `server.mjs CONFIG`. Answers over IPC how far it is.
import { readServiceConfig, startService } from '@showcause/anchor-service';

const logger = { info() {}, warn() {}, error: (...said) => console.error(...said) };
const service = await startService(readServiceConfig(process.argv[2]), { logger });
service.done.catch(() => process.exit(1));
process.on('message', async (message) => {
  if (message === 'end') {
    await service.close();
    process.exit(0);
  }
  const { user, system } = process.cpuUsage();
  const { signedSize } = service.status();
  process.send({ signedSize, cpu: user + system, rss: process.memoryUsage().rss });
});
// Whoever asked is gone.
process.on('disconnect', () => process.exit(1));
process.send({ url: service.url });
