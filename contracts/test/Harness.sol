// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IShowcauseLog} from "IShowcauseLog.sol";
import {LogInclusion} from "LogInclusion.sol";
import {Rfc9162} from "Rfc9162.sol";
import {Rfc9162Literal} from "Rfc9162Literal.sol";

/// @title Opens the libraries to tests
contract Harness {
    function consistency(uint256 oldSize, bytes32 oldRoot, uint256 newSize, bytes32 newRoot, bytes32[] calldata proof)
        external
        view
        returns (bool ours, bool literal)
    {
        ours = Rfc9162.verifyConsistency(oldSize, oldRoot, newSize, newRoot, proof);
        literal = Rfc9162Literal.consistency(oldSize, oldRoot, newSize, newRoot, proof);
    }

    function onlyOurConsistency(
        uint256 oldSize,
        bytes32 oldRoot,
        uint256 newSize,
        bytes32 newRoot,
        bytes32[] calldata proof
    ) external view returns (bool) {
        return Rfc9162.verifyConsistency(oldSize, oldRoot, newSize, newRoot, proof);
    }

    function inclusion(bytes32 leaf, uint256 index, uint256 size, bytes32 root, bytes32[] calldata proof)
        external
        view
        returns (bool ours, bool literal)
    {
        ours = Rfc9162.verifyInclusion(leaf, index, size, root, proof);
        literal = Rfc9162Literal.inclusion(leaf, index, size, root, proof);
    }

    function leafHash(bytes calldata entry) external view returns (bytes32) {
        return Rfc9162.leafHash(entry);
    }

    function requireLogged(
        IShowcauseLog log,
        bytes16 tag,
        bytes calldata entry,
        uint64 index,
        bytes32[] calldata proof
    ) external view {
        LogInclusion.requireLogged(log, tag, entry, index, proof);
    }
}
