// CPU that this process has used, in microseconds: on the request's thread alone, and on all of its threads.
import { readFileSync } from 'node:fs';

/** Linux counts a thread's time in ticks of 1/100 s; over seconds of load that is fine enough. */
const TICK_US = 10_000;

export function cpuUsed() {
  const { user, system } = process.cpuUsage();
  return { thread: mainThread() ?? user + system, process: user + system };
}

function mainThread() {
  try {
    const stat = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_US;
  } catch {
    return null;
  }
}
