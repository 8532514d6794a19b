// vegeta, an open-loop load generator: a closed loop hides the time that requests wait for a slow server.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const dir = new URL('../../.cache/bin', import.meta.url).pathname;
const binary = join(dir, 'vegeta');
const VERSION = 'v12.12.0';

/** The path of the program, built from the Go module proxy the first time; null where there is no Go. */
export function vegeta() {
  if (existsSync(binary)) return binary;
  mkdirSync(dir, { recursive: true });
  const { status } = spawnSync('go', ['install', `github.com/tsenart/vegeta/v12@${VERSION}`], {
    env: { ...process.env, GOBIN: dir },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  return status === 0 && existsSync(binary) ? binary : null;
}

/** Sends `rate` requests a second for `seconds`. @returns latencies in milliseconds */
export function attack(program, { url, body, rate, seconds }) {
  const file = join(dir, 'body.json');
  writeFileSync(file, body);
  const { stdout } = spawnSync(
    'sh',
    [
      '-c',
      `echo "POST ${url}" | "${program}" attack -rate=${rate} -duration=${seconds}s -header='content-type: application/json' -body="${file}" -timeout=10s | "${program}" report -type=json`,
    ],
    { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  const report = JSON.parse(stdout);
  const ms = (nanoseconds) => nanoseconds / 1e6;
  return {
    p50: ms(report.latencies['50th']),
    p99: ms(report.latencies['99th']),
    success: report.success,
  };
}
