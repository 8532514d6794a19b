// For each property a change of the contracts that it must see.
const property = (name) => `check_${name}`;

/** @type {{ property: string, file: string, from: string, to: string }[]} */
export const mutants = [
  [
    'onlyTheOperatorAdvances',
    'LogHead.sol',
    'if (address(uint160(packed >> OPERATOR_SHIFT)) != msg.sender) revert NotAuthorized(msg.sender);\n        uint256 flag',
    'uint256 flag',
  ],
  [
    'sizesFrom2To48OnAreRefused',
    'LogHead.sol',
    'if (newSize <= size || newSize > type(uint48).max) revert',
    'if (newSize <= size) revert',
  ],
  [
    'theSizeGrows',
    'LogHead.sol',
    'if (newSize <= size || newSize > type(uint48).max) revert',
    'if (newSize < size || newSize > type(uint48).max) revert',
  ],
  [
    'anAcceptedHeadIsTheOneSignedByTheCountersigner',
    'LogHead.sol',
    'if (s > HALF_ORDER) return address(0);',
    '',
  ],
  [
    'anAcceptedHeadIsStoredAndNothingElse',
    'LogHead.sol',
    'packed >> OPERATOR_SHIFT << OPERATOR_SHIFT | _sizeAndTime(newSize)',
    'packed >> OPERATOR_SHIFT << OPERATOR_SHIFT | newSize',
  ],
  [
    'aFreezeStopsAnchoring',
    'LogHead.sol',
    'if (packed & flag != 0 && block.timestamp < _frozenUntil)',
    'if (packed & flag != 0 && block.timestamp + 1 < _frozenUntil)',
  ],
  [
    'aGuardiansFreezeExpires',
    'LogHead.sol',
    'if (_frozenUntil != until) until = uint40(block.timestamp) + FREEZE_SECONDS;',
    '',
  ],
  [
    'onlyTheGuardianHalts',
    'LogHead.sol',
    'if (msg.sender != _guardian) revert',
    'if (msg.sender == address(0)) revert',
  ],
  [
    'onlyGuardianAndTimelockFreeze',
    'LogHead.sol',
    'if (msg.sender != timelock) {\n            if (msg.sender != _guardian) revert NotAuthorized(msg.sender);',
    'if (msg.sender != timelock) {',
  ],
  [
    'onlyTheTimelockGoverns',
    'LogHead.sol',
    'if (msg.sender != timelock) revert NotAuthorized(msg.sender);',
    'if (msg.sender != timelock && msg.sender != _guardian) revert NotAuthorized(msg.sender);',
  ],
  [
    'haltingChangesOneBit',
    'LogHead.sol',
    '_packed |= uint256(HALTED) << FLAGS_SHIFT;',
    '_packed ^= uint256(HALTED) << FLAGS_SHIFT;',
  ],
  [
    'rotationKeepsTheHead',
    'LogHead.sol',
    'others | uint256(uint160(to)) << OPERATOR_SHIFT',
    '_packed | uint256(uint160(to)) << OPERATOR_SHIFT',
  ],
  [
    'aForkedSuccessorCannotBeDeployed',
    'LogSuccession.sol',
    'newSize == size && newRoot == root && proof.length == 0',
    'newSize == size && proof.length == 0',
  ],
  [
    'consistencyIsThatOfRfc9162',
    'Rfc9162.sol',
    'and(eq(mload(add(buffer, 64)), oldRoot), eq(mload(add(buffer, 160)), newRoot))',
    'eq(mload(add(buffer, 160)), newRoot)',
  ],
].map(([name, file, from, to]) => ({ property: property(name), file, from, to }));
