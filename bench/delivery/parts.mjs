// The real broker and database of a bench, started once; what this machine lacks is said by name and left out.
import { kafkaAvailable, postgresBinaries, startKafka, startPostgres } from '@showcause/parts';

/**
 * @template T
 * @param {{ kafka: boolean, postgres: boolean }} wanted
 * @param {(parts: { kafka: any | null, postgres: any | null }) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withParts(wanted, work) {
  const started = [];
  const start = async (name, isWanted, isThere, startPart) => {
    if (!isWanted) return null;
    if (!isThere()) {
      console.error(`no ${name} on this machine: its rows are left out`);
      return null;
    }
    const part = await startPart();
    started.push(part);
    return part;
  };
  try {
    const kafka = await start('Kafka', wanted.kafka, kafkaAvailable, () => startKafka());
    const postgres = await start(
      'PostgreSQL',
      wanted.postgres,
      () => postgresBinaries(process.env.SHOWCAUSE_POSTGRES_BIN) !== null,
      () => startPostgres(),
    );
    return await work({ kafka, postgres });
  } finally {
    for (const part of started) await part.stop();
  }
}
