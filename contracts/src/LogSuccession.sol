// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IShowcauseLog} from "./IShowcauseLog.sol";
import {Rfc9162} from "./Rfc9162.sol";

/// @title Whether one head goes on from what another contract holds
library LogSuccession {
    /// The head is not an extension of the one that `from` holds, or the proof does not show it.
    error ForkedHead(uint64 size, uint64 newSize);

    /// @notice Reverts unless (`newSize`, `newRoot`) is the head that `from` holds now, or extends it.
    /// @param proof consistency proof between the two; empty where they are the same
    function requireExtends(IShowcauseLog from, uint64 newSize, bytes32 newRoot, bytes32[] memory proof) internal view {
        (uint64 size, bytes32 root,,) = from.head();
        bool same = newSize == size && newRoot == root && proof.length == 0;
        if (!same && !Rfc9162.verifyConsistency(size, root, newSize, newRoot, proof)) revert ForkedHead(size, newSize);
    }
}
