import type { Transport } from './port.ts';

/** One connection for the spools of several workers: a send waits for the one before it. */
export function inTurns(transport: Transport): Transport {
  let last: Promise<unknown> = Promise.resolve();
  return {
    name: transport.name,
    log: transport.log,
    readsSpool: transport.readsSpool,
    connect: () => transport.connect(),
    publish(messages) {
      const sent = last.then(() => transport.publish(messages));
      last = sent.catch(() => undefined);
      return sent;
    },
    close: () => transport.close(),
  };
}
