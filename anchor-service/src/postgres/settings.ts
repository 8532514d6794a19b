import type { ClientBase } from 'pg';
import { ServiceError } from '../errors.ts';

/** Values that lose commits which were acknowledged, after a crash of the machine or of a disk. */
export const dangerousSettings: readonly { name: string; value: string }[] = [
  { name: 'fsync', value: 'off' },
  { name: 'full_page_writes', value: 'off' },
  { name: 'synchronous_commit', value: 'off' },
  { name: 'data_sync_retry', value: 'on' },
  { name: 'transaction_read_only', value: 'on' },
];
/** `remote_apply` is stricter than `on`: whoever set it keeps it. */
const STRICTEST = 'remote_apply';

/**
 * Looks at what the server would do with this connection, then makes every commit of it wait for the disk.
 * @throws {ServiceError} `STORE_SETTINGS` names each dangerous setting
 */
export async function assertDurable(client: ClientBase): Promise<void> {
  const found = await client.query<Record<string, string>>(
    `SELECT ${dangerousSettings.map(({ name }) => `current_setting('${name}') AS ${name}`).join(', ')}`,
  );
  const settings = found.rows[0] ?? {};
  const wrong = dangerousSettings.filter(({ name, value }) => settings[name] === value);
  if (wrong.length > 0)
    throw new ServiceError('STORE_SETTINGS', {
      got: wrong.map(({ name, value }) => `${name}=${value}`).join(', '),
    });
  const wanted = settings['synchronous_commit'] === STRICTEST ? STRICTEST : 'on';
  const set = await client.query<{ value: string }>(
    "SELECT set_config('synchronous_commit', $1, false) AS value",
    [wanted],
  );
  const value = set.rows[0]?.value;
  if (value !== wanted)
    throw new ServiceError('STORE_SETTINGS', { got: `synchronous_commit=${String(value)}` });
}
