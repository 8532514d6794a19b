import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/**
 * `before`: the bytes that hold the word never arrive. `after`: they arrive, and the answer does not come back. Both ends
 * are then cut. `silent`: as `after`, but no end hears of it.
 */
export type Cut = 'before' | 'after' | 'silent';

export interface CuttingProxy {
  port: number;
  /** Cuts the next connection whose client sends this word. */
  arm(cut: Cut, word: string): void;
  /** How many were cut. */
  cuts(): number;
  /** Cuts all and lets nobody in, until `accept`. */
  refuse(): void;
  accept(): void;
  close(): Promise<void>;
}

/** A TCP proxy that cuts a connection at a chosen message. */
export async function startCuttingProxy(target: number): Promise<CuttingProxy> {
  let armed: { cut: Cut; word: string } | null = null;
  let cuts = 0;
  let isOpen = true;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    if (!isOpen) return void client.destroy();
    const upstream = connect(target, '127.0.0.1');
    const ends = [client, upstream];
    let isMute = false;
    const destroy = (): void => ends.forEach((end) => end.destroy());
    for (const end of ends) {
      sockets.add(end);
      end.on('error', destroy).on('close', () => {
        sockets.delete(end);
        if (!isMute) destroy();
      });
    }
    client.on('data', (bytes) => {
      if (armed === null || !bytes.includes(armed.word)) return void upstream.write(bytes);
      const { cut } = armed;
      armed = null;
      cuts++;
      if (cut === 'before') return destroy();
      isMute = true;
      upstream.write(bytes);
      if (cut === 'after')
        upstream.once('data', () => {
          isMute = false;
          destroy();
        });
    });
    upstream.on('data', (bytes) => {
      if (!isMute) client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    arm: (cut, word) => (armed = { cut, word }),
    cuts: () => cuts,
    refuse: () => {
      isOpen = false;
      for (const socket of sockets) socket.destroy();
    },
    accept: () => (isOpen = true),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
