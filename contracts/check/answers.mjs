// What Slither says of the contracts and why it stays; docs/contracts.md tells more. Anything else that it says fails the check.

/** @type {{ check: string, where: string[] }[]} by the detector's name and the functions */
export const answers = [
  // A freeze, a pause of the timelock and a silence are a matter of days: what a block's maker can shift is seconds.
  {
    check: 'timestamp',
    where: [
      'advance',
      'freeze',
      'head',
      'halted',
      '_requireMayAdvance',
      '_requireSeparate',
      'reportSilence',
      '_breach',
    ],
  },
  // Of a head that has four parts, two or three are of use.
  { check: 'unused-return', where: ['requireLogged', 'requireExtends', 'reportSilence'] },
  // Zero means nobody for a guardian; operator and countersigner are checked in _requireSeparate.
  {
    check: 'missing-zero-check',
    where: ['rotateCountersigner', 'rotateGuardian', 'constructor'],
  },
  // An array in memory begins as zeros and is filled in the lines below.
  { check: 'uninitialized-local', where: ['_commitment'] },
];
