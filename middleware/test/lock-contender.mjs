// node lock-contender.mjs DIR MILLISECONDS: takes the lock of a folder again and again, and mostly dies holding it.
// Prints one line of JSON: how often it held the lock, and what it saw that no holder may see.
import { closeSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeDisk } from '../dist/spool/disk.js';
import { lockSpool } from '../dist/spool/lock.js';
import { processTable } from '../dist/spool/lock-holder.js';

const [dir, milliseconds] = process.argv.slice(2);
const inside = join(dir, 'inside');
const aliveFile = (pid) => join(dir, `alive-${pid}`);
const { self } = processTable(nodeDisk);
const seen = { held: 0, refused: 0, wrong: [] };

/** Each turn is a process of its own to the others: the life that a lock names is over once the next has begun. */
function beginLife(turn) {
  writeFileSync(`${aliveFile(process.pid)}.next`, `${turn}`);
  renameSync(`${aliveFile(process.pid)}.next`, aliveFile(process.pid));
  return {
    self: () => ({ ...self(), startedAt: `${turn}` }),
    startedAt: (pid) => Buffer.from(nodeDisk.read(aliveFile(pid)) ?? []).toString() || null,
  };
}

/** A disk whose open files can be dropped as the end of a process drops them. */
function mortalDisk() {
  const files = [];
  const create = (path) => {
    const file = nodeDisk.create(path);
    files.push(file);
    return file;
  };
  return { disk: { ...nodeDisk, create }, die: () => files.forEach((file) => file.close()) };
}

function hold(lock) {
  seen.held++;
  try {
    closeSync(openSync(inside, 'wx'));
  } catch {
    seen.wrong.push('two holders');
    return;
  }
  try {
    for (let look = 0; look < 20; look++) lock.check();
  } catch (error) {
    seen.wrong.push(`${error.code}: ${error.message}`);
  }
  unlinkSync(inside);
}

const until = Date.now() + Number(milliseconds);
for (let turn = 1; Date.now() < until; turn++) {
  const processes = beginLife(turn);
  const { disk, die } = mortalDisk();
  try {
    const lock = lockSpool(disk, dir, processes);
    hold(lock);
    if (turn % 5 === 0) lock.release();
    else die();
  } catch (error) {
    if (error.code !== 'SPOOL_LOCKED') throw error;
    seen.refused++;
  }
}
writeFileSync(aliveFile(process.pid), '');
console.log(JSON.stringify(seen));
process.exit();
