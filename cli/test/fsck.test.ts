import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { FsckReport } from '@showcause/verify';
import { run, temporaryFolder } from './support.ts';
import { contents, copied, publishLog } from './support-fsck.ts';
import type { PublishedLog } from './support-fsck.ts';

const root = temporaryFolder();
let log: PublishedLog;
let sound: Record<string, string>;

beforeAll(async () => {
  log = await publishLog(root, [2, 57, 256, 300, 520]);
  sound = contents(log.dir);
});

async function fsck(dir: string, ...more: string[]): Promise<{ exit: number; report: FsckReport }> {
  const { exit, out } = await run(['fsck', dir, '--policy', log.policy, '--json', ...more]);
  return { exit, report: JSON.parse(out) as FsckReport };
}

function damaged(change: (dir: string) => void): string {
  const dir = copied(log.dir, root);
  change(dir);
  return dir;
}

function flipIn(path: string): (dir: string) => void {
  return (dir) => {
    const bytes = readFileSync(join(dir, path));
    // In a bundle a bit of an entry, not of a length.
    const at = path.startsWith('tile/entries') ? bytes.length - 1 : Math.floor(bytes.length / 2);
    bytes[at] = bytes[at]! ^ 4;
    writeFileSync(join(dir, path), bytes);
  };
}

describe('fsck of a folder', () => {
  test('what the publisher wrote is sound', async () => {
    const { exit, report } = await fsck(log.dir);
    expect(report).toMatchObject({ verdict: 'sound', findings: [], confirmed: true, listed: true });
    expect(report.counted).toStrictEqual({
      entries: 520,
      bundles: 3,
      hashTiles: 4,
      olderTiles: 1,
      supersededTiles: 6,
      anchors: 6,
    });
    expect(exit).toBe(0);
  });

  test('says so in text, with the policy it trusts', async () => {
    const { exit, out } = await run(['fsck', log.dir, '--policy', log.policy]);
    expect(out).toMatch(/^policy SHA256:/);
    expect(out.split('\n').at(-1)).toBe('SOUND: everything stored is what the log signed');
    expect(exit).toBe(0);
  });

  // A bit in each kind of file.
  test.each([
    ['checkpoint', 'primary'],
    ['tile/entries/000', 'primary'],
    ['tile/entries/002.p/8', 'primary'],
    ['tile/entries/000.p/57', 'derived'],
    ['tile/0/001', 'derived'],
    ['tile/0/002.p/8', 'derived'],
    ['tile/0/001.p/44', 'derived'],
    ['tile/1/000.p/2', 'derived'],
    ['tile/1/000.p/1', 'derived'],
    ['anchors/520.json', 'primary'],
    ['anchors/latest.json', 'primary'],
    ['signed.json', 'primary'],
  ])('a flipped bit in %s is found there', async (path, data) => {
    const { exit, report } = await fsck(damaged(flipIn(path)));
    expect(exit).toBe(1);
    const paths = report.findings.map((found) => found.path);
    // Which of two files with the same evidence is right, nothing here can tell.
    if (path === 'anchors/520.json') expect(paths).toHaveLength(1);
    else expect(paths).toStrictEqual([path]);
    expect(report.findings[0]).toMatchObject({ data, state: 'damage' });
  });

  test('text names the file, the code, and what was got and wanted', async () => {
    const dir = damaged((copy) => truncateSync(join(copy, 'tile/0/001'), 8_000));
    const { exit, out } = await run(['fsck', dir, '--policy', log.policy]);
    expect(out).toContain('✗ tile/0/001 (derived, --repair can)\n    FSCK_LENGTH: ');
    expect(out).toContain('    got 8000 bytes, want 8192 bytes\nDAMAGED: 1, ');
    expect(exit).toBe(1);
  });

  test('names that do not belong begin no line of their own and move no cursor', async () => {
    const dir = damaged((copy) => writeFileSync(join(copy, 'a\nSOUND: b\u001b[2J'), ''));
    const { exit, out } = await run(['fsck', dir, '--policy', log.policy]);
    expect(exit).toBe(1);
    expect(out).toContain('✗ a\\nSOUND: b\\u001b[2J (foreign)');
  });

  test('links, pipes, sockets and folders are named and never opened', async () => {
    const dir = damaged((copy) => {
      rmSync(join(copy, 'tile/0/000'));
      symlinkSync(join(log.dir, 'tile/0/000'), join(copy, 'tile/0/000'));
      rmSync(join(copy, 'tile/0/001'));
      execFileSync('mkfifo', [join(copy, 'tile/0/001')]);
      symlinkSync('/etc', join(copy, 'outside'));
      rmSync(join(copy, 'anchors/57.json'));
      mkdirSync(join(copy, 'anchors/57.json'));
    });
    const socket = createServer();
    await new Promise<void>((resolve) => socket.listen(join(dir, 'socket'), resolve));
    const { exit, report } = await fsck(dir);
    socket.close();
    expect(report.findings.map(({ path, code, got }) => [path, code, got])).toStrictEqual([
      ['anchors/57.json', 'FSCK_NOT_PLAIN', 'a folder'],
      ['outside', 'FSCK_NOT_PLAIN', 'a symbolic link'],
      ['socket', 'FSCK_NOT_PLAIN', 'a socket'],
      ['tile/0/000', 'FSCK_NOT_PLAIN', 'a symbolic link'],
      ['tile/0/001', 'FSCK_NOT_PLAIN', 'a pipe'],
    ]);
    expect(exit).toBe(1);
  });

  test('a folder that is a link is one finding, and nothing is written through it', async () => {
    const dir = damaged((copy) => {
      renameSync(join(copy, 'tile/0'), join(copy, '../elsewhere'));
      symlinkSync('../../elsewhere', join(copy, 'tile/0'));
      flipIn('../elsewhere/001')(copy);
    });
    const before = contents(join(dir, '../elsewhere'));
    const { exit, report } = await fsck(dir, '--repair');
    expect(report.findings).toMatchObject([{ path: 'tile/0', code: 'FSCK_NOT_PLAIN' }]);
    expect(exit).toBe(1);
    expect(contents(join(dir, '../elsewhere'))).toStrictEqual(before);
  });
});

describe('fsck --repair', () => {
  const derived = ['tile/0/000', 'tile/0/002.p/8', 'tile/0/000.p/57', 'tile/1/000.p/1'];

  test('makes derived files again byte for byte, says each, and ends with the new state', async () => {
    const dir = damaged((copy) => {
      for (const path of derived) flipIn(path)(copy);
      flipIn('tile/entries/000.p/57')(copy);
      rmSync(join(copy, 'tile/1/000.p/2'));
      rmSync(join(copy, 'tile/0/001'));
      symlinkSync('/etc/passwd', join(copy, 'tile/0/001'));
    });
    const passwd = statSync('/etc/passwd').mtimeMs;
    const { exit, out } = await run(['fsck', dir, '--policy', log.policy, '--repair']);
    for (const path of [...derived, 'tile/entries/000.p/57', 'tile/1/000.p/2', 'tile/0/001'])
      expect(out).toContain(`\nwrote ${path}: `);
    expect(out.split('\n').at(-1)).toBe('SOUND: everything stored is what the log signed');
    expect(exit).toBe(0);
    expect(contents(dir)).toStrictEqual(sound);
    expect(statSync('/etc/passwd').mtimeMs).toBe(passwd);
  });

  test('makes a whole level again, with its folders', async () => {
    const dir = damaged((copy) => rmSync(join(copy, 'tile/0'), { recursive: true }));
    expect((await fsck(dir, '--repair')).exit).toBe(0);
    const { exit, report } = await fsck(dir);
    expect({ exit, findings: report.findings }).toStrictEqual({ exit: 0, findings: [] });
  });

  test('writes nothing when the entries do not give the signed root', async () => {
    const dir = damaged((copy) => {
      flipIn('tile/entries/000')(copy);
      flipIn('tile/0/001')(copy);
    });
    const before = contents(dir);
    const { exit, out } = await run(['fsck', dir, '--policy', log.policy, '--repair']);
    expect(exit).toBe(1);
    expect(out).toContain('nothing repaired: FSCK_REPAIR: ');
    expect(contents(dir)).toStrictEqual(before);
  });

  test('leaves entries, checkpoint, anchors and foreign files as they are', async () => {
    const dir = damaged((copy) => {
      flipIn('tile/0/000')(copy);
      flipIn('anchors/57.json')(copy);
      writeFileSync(join(copy, 'note.txt'), 'mine');
    });
    const before = contents(dir);
    const { exit, report } = await fsck(dir, '--repair');
    expect(exit).toBe(1);
    expect(report.findings.every(({ repairable }) => !repairable)).toBe(true);
    expect(report).toMatchObject({ repair: { refused: null, acts: [{ path: 'tile/0/000' }] } });
    const wrong = { ...before, 'tile/0/000': sound['tile/0/000'] };
    expect(contents(dir)).toStrictEqual(wrong);
  });

  test('of an address is a usage error', async () => {
    const argv = ['fsck', 'http://127.0.0.1:1', '--policy', log.policy, '--repair'];
    expect((await run(argv)).exit).toBe(64);
  });
});

describe('what cannot be checked', () => {
  test.each([
    ['no folder', (): string[] => [join(root, 'nowhere'), '--policy', log.policy]],
    ['a file', (): string[] => [log.policy, '--policy', log.policy]],
    ['an empty folder', (): string[] => [damaged(emptied), '--policy', log.policy]],
    ['no policy', (): string[] => [log.dir, '--policy', join(root, 'nowhere')]],
    ['another file as policy', (): string[] => [log.dir, '--policy', join(log.dir, 'checkpoint')]],
  ])('%s: exit 2', async (_name, argv) => {
    const { exit, out } = await run(['fsck', ...argv()]);
    expect(out).toMatch(/^COULD NOT CHECK: [A-Z_]+: /);
    expect(exit).toBe(2);
    const json = await run(['fsck', ...argv(), '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ verdict: 'could-not-check' });
    expect(json.exit).toBe(2);
  });

  test('an interrupted check is no verdict', async () => {
    const large = await publishLog(temporarySibling(), [12_000]);
    const argv = ['fsck', large.dir, '--policy', large.policy];
    const { exit, out, err } = await run(argv);
    expect(exit).toBe(0);
    expect(err).toContain('10240 entries read');
    expect(out).toContain('12000 entries');
    const stopped = await run(argv, { signal: AbortSignal.abort() });
    expect(stopped).toMatchObject({ exit: 2, out: 'COULD NOT CHECK: VERIFY_READ: interrupted' });
  });

  test.each([
    ['no log', (): string[] => ['--policy', log.policy]],
    ['no policy', (): string[] => [log.dir]],
    ['another scheme', (): string[] => ['ftp://host/log', '--policy', log.policy]],
    ['two logs', (): string[] => [log.dir, log.dir, '--policy', log.policy]],
  ])('%s: a usage error', async (_name, argv) => {
    expect((await run(['fsck', ...argv()])).exit).toBe(64);
  });
});

function emptied(dir: string): void {
  rmSync(dir, { recursive: true });
  mkdirSync(dir);
}

function temporarySibling(): string {
  const dir = join(root, 'large');
  mkdirSync(dir);
  return dir;
}
