/** What each finding of `fsck` means and what to do. `docs/errors.md` lists the same; a test compares the two. */
export const fsckErrorCodes = {
  FSCK_CHECKPOINT: {
    means: 'checkpoint of the log is missing or not signed by it',
    fix: 'Start the service, which serves the newest one that it signed, or restore the file.',
  },
  FSCK_ROOT: {
    means: 'stored entries do not give the root that the log signed',
    fix: 'Restore what is damaged from a backup, a mirror or the store; nothing is repaired before.',
  },
  FSCK_ENTRIES: {
    means: 'entry bundle does not hold the entries that the log signed',
    fix: 'Restore it from a backup, a mirror or the store.',
  },
  FSCK_MISSING: {
    means: 'file that the checkpoint needs is missing',
    fix: 'Repair a hash tile with showcause fsck --repair; restore entries.',
  },
  FSCK_LENGTH: {
    means: 'stored file has the wrong length',
    fix: 'Repair derived data with showcause fsck --repair; restore entries.',
  },
  FSCK_BYTES: {
    means: 'hash tile is not what the entries give',
    fix: 'Make it again with showcause fsck --repair.',
  },
  FSCK_STALE: {
    means: 'partial tile disagrees with what the log holds now',
    fix: 'Make it again with showcause fsck --repair; whoever got it was told something false.',
  },
  FSCK_AHEAD: {
    means: 'stored file belongs to a size that the checkpoint does not reach',
    fix: 'Nothing while the service is publishing; else start it, and look again.',
  },
  FSCK_TEMPORARY: {
    means: 'rest of a write that was interrupted',
    fix: 'Delete it while no service is running.',
  },
  FSCK_FOREIGN: {
    means: 'name that no published log has',
    fix: 'Find out who put it there, then take it out of the folder.',
  },
  FSCK_NOT_PLAIN: {
    means: 'link, pipe, device or folder where a plain file belongs',
    fix: 'Find out who put it there; put the file itself in its place.',
  },
  FSCK_ANCHOR: {
    means: 'anchor evidence is not about this log',
    fix: 'Restore it, or compare the log with its contract by showcause verify anchor.',
  },
  FSCK_MARK: {
    means: 'record of the last signed head contradicts the log',
    fix: 'Stop the service and keep both: something was restored or changed.',
  },
  FSCK_UNREAD: {
    means: 'stored file could not be read',
    fix: 'Check permissions, disk and network, and look again.',
  },
  FSCK_ENCODING: {
    means: 'answer has an encoding that clients of tlog-tiles need not know',
    fix: 'Serve it as it is, or with gzip alone.',
  },
  FSCK_HEADERS: {
    means: 'answers have headers that caches or clients may misread',
    fix: 'Serve tiles as application/octet-stream that caches may keep for good, the checkpoint fresh for seconds.',
  },
  FSCK_REPAIR: {
    means: 'repair is not possible',
    fix: 'Look at what was found first: derived data is made from confirmed entries alone.',
  },
} as const;

export type FsckCode = keyof typeof fsckErrorCodes;
