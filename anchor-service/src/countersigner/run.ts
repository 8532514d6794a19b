import { toHex } from '@showcause/core';
import { readToken } from '../config.ts';
import type { CountersignerConfig } from '../config.ts';
import { serveHttp } from '../http/server.ts';
import type { HttpServer } from '../http/server.ts';
import type { Logger } from '../ports.ts';
import type { Countersigner, CountersignerPolicy, CountersignerState } from './countersigner.ts';
import { monitorListener } from './monitor.ts';
import { createReadiness } from './readiness.ts';
import { renewable } from './renewable.ts';
import type { Renewable } from './renewable.ts';
import { serveCountersigner } from './server.ts';
import { readTlsFiles } from './tls-files.ts';
import type { TlsMaterial } from './tls-files.ts';

export interface RunningCountersigner {
  url: string;
  /** where it is watched; null: nowhere */
  monitorUrl: string | null;
  /** lower-case 0x hex, of the key that signs */
  address: string;
  state(): CountersignerState;
  /** Reads certificates and token again, now. */
  reload(): void;
  /** Lets the request in progress keep what it reached, answers it, and ends. */
  close(): Promise<void>;
}

interface Rim {
  config: CountersignerConfig;
  countersigner: Countersigner;
  token: Renewable<string>;
  /** null without TLS */
  certificates: Renewable<TlsMaterial> | null;
  /** requests that nobody looked at, by code */
  turnedAway: Map<string, number>;
  logger: Logger;
}

/** A request in progress is told to come again at once; its answer has this long to go out. */
const CLOSE_GRACE_MS = 5_000;

/** A countersigner behind its two listeners: one for the anchorer, one for whoever watches. Closes it when that fails. */
export async function runCountersigner(
  config: CountersignerConfig,
  policy: CountersignerPolicy,
  countersigner: Countersigner,
  logger: Logger,
): Promise<RunningCountersigner> {
  const servers: HttpServer[] = [];
  const files: Renewable<unknown>[] = [];
  const ending = new AbortController();
  async function close(): Promise<void> {
    ending.abort();
    countersigner.stop();
    for (const file of files) file.close();
    await Promise.all(servers.map((server) => server.close(CLOSE_GRACE_MS)));
    await countersigner.close();
  }
  try {
    const rim = openRim(config, countersigner, logger, servers);
    files.push(rim.token, ...(rim.certificates === null ? [] : [rim.certificates]));
    servers.push(await serveAnchorer(rim));
    if (config.monitor !== null)
      servers.push(await serveHttp(watched(rim, policy, ending.signal), config.monitor));
  } catch (error) {
    await close();
    throw error;
  }
  const [{ url }, monitor] = servers as [HttpServer, HttpServer?];
  logger.info({ url, ...countersigner.state() }, 'listening');
  return {
    url,
    monitorUrl: monitor?.url ?? null,
    address: countersigner.address,
    state: () => countersigner.state(),
    reload: () => files.forEach((file) => file.renew()),
    close,
  };
}

function openRim(
  config: CountersignerConfig,
  countersigner: Countersigner,
  logger: Logger,
  servers: readonly HttpServer[],
): Rim {
  const { tls, tokenFile } = config;
  const token = renewable(
    () => readToken(tokenFile),
    (one, other) => one === other,
    logger,
  );
  const certificates =
    tls &&
    renewable(
      () => readTlsFiles(tls),
      (one, other) => one.digest === other.digest,
      logger,
      (newer) => servers[0]?.renew(newer),
    );
  return { config, countersigner, token, certificates, turnedAway: new Map(), logger };
}

function serveAnchorer(rim: Rim): Promise<HttpServer> {
  const { config, countersigner, token, certificates, turnedAway, logger } = rim;
  const { tls, http, limits } = config;
  return serveCountersigner({
    countersigner,
    token: () => token.value(),
    tls: tls && { material: certificates!.value(), clients: tls.clients },
    requestsPerMinute: limits.requestsPerMinute,
    ...http,
    logger,
    onTurnedAway: (code) => turnedAway.set(code, (turnedAway.get(code) ?? 0) + 1),
  });
}

function watched(rim: Rim, policy: CountersignerPolicy, ending: AbortSignal) {
  const { config, countersigner, token, certificates, turnedAway } = rim;
  const expires = (): Date | null => certificates?.value().expires ?? null;
  return monitorListener({
    identity: {
      address: countersigner.address,
      origin: policy.origin,
      logId: toHex(policy.logId),
      chainId: policy.chainId,
      contract: policy.contract,
    },
    state: () => countersigner.state(),
    readiness: createReadiness({
      countersigner,
      expires,
      renewalProblem: () => certificates?.problem() ?? token.problem(),
      stateDir: config.state,
      isEnding: () => ending.aborted,
    }),
    turnedAway,
    expires,
  });
}
