// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IShowcauseLog} from "./IShowcauseLog.sol";
import {Rfc9162} from "./Rfc9162.sol";

/// @title Acts only on entries that are in the log
/// @dev For consumers of typed entries. Mark what was used by the id inside the entry, never by index alone: an operator
/// may log one decision twice.
library LogInclusion {
    /// Bit of the head's flags.
    uint8 private constant HALTED = 1;

    /// The log's guardian has halted consumers.
    error LogHalted();
    /// The entry is not at this index of the anchored tree.
    error NotLogged(uint64 index, uint64 size);
    /// The entry does not begin with exactly the tag that the caller acts on.
    error WrongTag();

    /// @notice Reverts unless `entry` is in the anchored head and the log is not halted.
    /// @param tag 16 bytes, the name padded with zero bytes: `bytes16("disbursement")`. All of it is compared, so that no
    /// longer name passes for a shorter one
    /// @param entry exact bytes, beginning with `tag`; hashed here, so that nobody can pass a leaf hash of other bytes
    /// @param index leaf index, from 0
    /// @param proof inclusion proof to the head that `log.head()` returns now
    function requireLogged(
        IShowcauseLog log,
        bytes16 tag,
        bytes memory entry,
        uint64 index,
        bytes32[] calldata proof
    ) internal view {
        (uint64 size, bytes32 root,, uint8 flags) = log.head();
        if (flags & HALTED != 0) revert LogHalted();
        if (entry.length < 16 || firstBytes(entry) != tag) revert WrongTag();
        if (!Rfc9162.verifyInclusion(Rfc9162.leafHash(entry), index, size, root, proof)) revert NotLogged(index, size);
    }

    function firstBytes(bytes memory entry) private pure returns (bytes16 first) {
        assembly ("memory-safe") {
            first := mload(add(entry, 32))
        }
    }
}
