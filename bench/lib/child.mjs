// A script of the benches in a process of its own: one question, one answer over IPC, then the next.
import { fork } from 'node:child_process';

/**
 * @param {string} script
 * @param {readonly string[]} args
 * @returns {Promise<{ first: any, pid: number, ask(question: unknown): Promise<any>, tell(what: unknown): void, end(): Promise<void>, kill(): Promise<void> }>}
 *   when it has said its first word
 */
export async function startChild(script, args) {
  const child = fork(script, [...args], { stdio: ['ignore', 2, 2, 'ipc'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  let fail = () => undefined;
  void exited.then((code) => fail(new Error(`${script} ended with ${code}`)));
  const next = () =>
    new Promise((resolve, reject) => {
      fail = reject;
      child.once('message', resolve);
    });
  const first = await next();
  return {
    first,
    pid: child.pid,
    ask(question) {
      const answer = next();
      child.send(question);
      return answer;
    },
    tell: (what) => void child.send(what),
    async end() {
      fail = () => undefined;
      child.send('end');
      await exited;
    },
    async kill() {
      fail = () => undefined;
      child.kill('SIGKILL');
      await exited;
    },
  };
}
