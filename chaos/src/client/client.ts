import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { built } from '../programs.ts';
import type { Answers, ClientSetting, Request } from './protocol.ts';

const program = built('client/main.js');

interface Reply {
  ready?: true;
  id?: number;
  answer?: unknown;
  failed?: string;
}

/** The client process, as the run talks to it. It ends when the run does. */
export class ClientProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  #next = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (reply: Reply) => this.#settle(reply));
    child.once('exit', (code, signal) => {
      const error = new Error(`client process ended: ${signal ?? code}`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  static async start(setting: ClientSetting): Promise<ClientProcess> {
    const child = fork(program, [JSON.stringify(setting)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) => reject(new Error(`client process ended: ${code}`)));
    });
    return new ClientProcess(child);
  }

  ask<Op extends Request['op']>(request: Extract<Request, { op: Op }>): Promise<Answers[Op]> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#child.send({ id, request });
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await exited;
  }

  #settle({ id, answer, failed }: Reply): void {
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id === undefined || waiting === undefined) return;
    this.#waiting.delete(id);
    if (failed === undefined) waiting.resolve(answer);
    else waiting.reject(new Error(failed));
  }
}
