/** What a file system keeps: nothing beyond the machine or container, or what another machine promises. */
export type FilesystemKind = 'disk' | 'volatile' | 'network' | 'unknown';

/** `f_type` of statfs(2), from linux/magic.h. */
const filesystems: Readonly<Record<number, { name: string; kind: FilesystemKind }>> = {
  0x01021994: { name: 'tmpfs', kind: 'volatile' },
  0x858458f6: { name: 'ramfs', kind: 'volatile' },
  0x794c7630: { name: 'overlayfs', kind: 'volatile' },
  0x0000ef53: { name: 'ext', kind: 'disk' },
  0x58465342: { name: 'xfs', kind: 'disk' },
  0x9123683e: { name: 'btrfs', kind: 'disk' },
  0x2fc12fc1: { name: 'zfs', kind: 'disk' },
  0xf2f52010: { name: 'f2fs', kind: 'disk' },
  0x00006969: { name: 'nfs', kind: 'network' },
  0x0000517b: { name: 'smb', kind: 'network' },
  0xff534d42: { name: 'cifs', kind: 'network' },
  0xfe534d42: { name: 'smb2', kind: 'network' },
  0x01021997: { name: '9p', kind: 'network' },
  0x00c36400: { name: 'ceph', kind: 'network' },
  0x65735546: { name: 'fuse', kind: 'network' },
};

/** The file system that statfs(2) gives this type; on systems other than Linux types mean something else. */
export function filesystemOf(type: number): { name: string; kind: FilesystemKind } {
  return filesystems[type] ?? { name: `type 0x${type.toString(16)}`, kind: 'unknown' };
}
