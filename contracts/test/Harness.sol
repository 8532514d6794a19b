// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IShowcauseLog} from "IShowcauseLog.sol";
import {LogInclusion} from "LogInclusion.sol";
import {Rfc9162} from "Rfc9162.sol";
import {Rfc9162Literal} from "Rfc9162Literal.sol";

/// @title Opens the libraries to tests
contract Harness {
    struct Step {
        uint256 oldSize;
        bytes32 oldRoot;
        uint256 newSize;
        bytes32 newRoot;
        bytes32[] proof;
    }

    struct Place {
        bytes32 leaf;
        uint256 index;
        uint256 size;
        bytes32 root;
        bytes32[] proof;
    }

    /// @return ours for each of up to 256 steps a bit, the first one lowest: accepted
    function consistencies(Step[] calldata steps) external view returns (uint256 ours, uint256 literal) {
        for (uint256 i = 0; i < steps.length; ++i) {
            Step calldata s = steps[i];
            if (Rfc9162.verifyConsistency(s.oldSize, s.oldRoot, s.newSize, s.newRoot, s.proof)) ours |= 1 << i;
            if (Rfc9162Literal.consistency(s.oldSize, s.oldRoot, s.newSize, s.newRoot, s.proof)) literal |= 1 << i;
        }
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

    /// @return ours as of `consistencies`
    function inclusions(Place[] calldata places) external view returns (uint256 ours, uint256 literal) {
        for (uint256 i = 0; i < places.length; ++i) {
            Place calldata p = places[i];
            if (Rfc9162.verifyInclusion(p.leaf, p.index, p.size, p.root, p.proof)) ours |= 1 << i;
            if (Rfc9162Literal.inclusion(p.leaf, p.index, p.size, p.root, p.proof)) literal |= 1 << i;
        }
    }

    function onlyOurInclusion(bytes32 leaf, uint256 index, uint256 size, bytes32 root, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        return Rfc9162.verifyInclusion(leaf, index, size, root, proof);
    }

    /// @return hash of the entry
    /// @return untouched whether entry and free memory are as they were before
    function leafHash(bytes memory entry) external view returns (bytes32 hash, bool untouched) {
        bytes32 before = keccak256(entry);
        uint256 length = entry.length;
        bytes memory next = new bytes(1);
        hash = Rfc9162.leafHash(entry);
        untouched = entry.length == length && keccak256(entry) == before && next.length == 1;
    }

    /// @return whether memory can be allocated after a proof was checked as if nothing had been
    function memoryAfterInclusion(bytes32 leaf, uint256 index, uint256 size, bytes32 root, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        bytes memory before = abi.encode(leaf, root);
        bytes32 digest = keccak256(before);
        Rfc9162.verifyInclusion(leaf, index, size, root, proof);
        bytes memory later = new bytes(64);
        return keccak256(before) == digest && keccak256(later) == keccak256(new bytes(64));
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
