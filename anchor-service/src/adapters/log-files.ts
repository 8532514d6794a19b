import type { LogConfig } from '../config.ts';
import type { LogFiles, Logger } from '../ports.ts';
import { Objects } from '../s3/objects.ts';
import type { Patience } from '../s3/patience.ts';
import { nameOf } from '../s3/place.ts';
import type { S3Place } from '../s3/place.ts';
import { probeStore } from '../s3/probe.ts';
import { openLogDirectory } from './log-directory.ts';
import { openS3Log } from './log-s3.ts';

type Place = Pick<LogConfig, 'log' | 'public'>;

/** The published log to be read, wherever the configuration says it lies. */
export function readableLogFiles(config: Place, logger: Logger): LogFiles {
  const { log: place } = config;
  if (typeof place === 'string') return openLogDirectory(place);
  return openS3Log(new Objects(place), {
    isPublic: config.public,
    compares: false,
    patience: patienceOf(place, logger),
  });
}

/**
 * The published log to be written. A store that does not keep its word is refused before anything is.
 * @throws {ServiceError} `FILES_UNSAFE`, `FILES_UNAVAILABLE`, `FILES_REFUSED`
 */
export async function writableLogFiles(
  config: Place,
  logger: Logger,
  directoryAt: (root: string) => LogFiles = openLogDirectory,
): Promise<LogFiles> {
  const { log: place } = config;
  if (typeof place === 'string') return directoryAt(place);
  const objects = new Objects(place);
  const patience = patienceOf(place, logger);
  const { compares } = await probeStore(objects, place, patience);
  if (!compares)
    logger.warn(
      { log: nameOf(place) },
      'store cannot compare before it replaces: of two services at once, the older may show its checkpoint for a moment',
    );
  return openS3Log(objects, { isPublic: config.public, compares, patience });
}

function patienceOf({ requestMs, totalMs }: S3Place, logger: Logger): Patience {
  return { requestMs, totalMs, logger };
}
