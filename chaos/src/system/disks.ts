import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** Small disks in memory at the given folders. @returns how to take them away, or null where mounting is not allowed */
export function mountSmallDisks(folders: Readonly<Record<string, number>>): (() => void) | null {
  const mounted: string[] = [];
  const unmount = (): void => {
    process.off('exit', unmount);
    for (const folder of mounted.reverse()) spawnSync('umount', ['-l', folder]);
  };
  // However the run ends, no disk stays.
  process.once('exit', unmount);
  for (const [folder, mebibytes] of Object.entries(folders)) {
    mkdirSync(folder, { recursive: true });
    const args = ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0755`, 'tmpfs', folder];
    if (spawnSync('mount', args, { stdio: 'ignore' }).status !== 0) {
      unmount();
      return null;
    }
    mounted.push(folder);
  }
  return unmount;
}
