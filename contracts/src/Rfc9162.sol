// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Proofs of an RFC 9162 Merkle tree with SHA-256
/// @notice Inclusion (section 2.1.3.2) and consistency (section 2.1.4.2), for trees below 2^48 leaves.
/// @dev Every call of the SHA-256 precompile is checked twice: for success, because a call that ran out of gas
/// leaves old memory that would be read as a hash, and for the length of its answer, because a chain without the
/// precompile answers an empty success. Which nodes a proof needs follows from the two positions alone, so nodes are
/// taken without asking whether there are any left, at most 48 of them, and at the end exactly all must be used.
library Rfc9162 {
    /// The SHA-256 precompile failed or is not there.
    error Sha256Failed();

    /// Bytes of memory that `consistent` works in.
    uint256 internal constant CONSISTENCY_BUFFER = 224;

    /// @notice Leaf hash SHA-256(0x00 ‖ entry). Consumers hash the entry themselves and never take a leaf hash from a caller.
    function leafHash(bytes memory entry) internal view returns (bytes32 hash) {
        bool ok;
        assembly ("memory-safe") {
            // The byte before the entry is the last one of its length: it is 0x00 during the call and then put back.
            let length := mload(entry)
            let message := add(entry, 31)
            mstore8(message, 0x00)
            ok := staticcall(gas(), 0x02, message, add(length, 1), 0x00, 32)
            ok := and(ok, eq(returndatasize(), 32))
            mstore(entry, length)
            hash := mload(0x00)
        }
        if (!ok) revert Sha256Failed();
    }

    /// @notice Whether `leaf` is at `index` of the tree of `size` leaves with `root`.
    /// @param proof siblings from the leaf's to the root's children, exactly as many as the position needs
    function verifyInclusion(bytes32 leaf, uint256 index, uint256 size, bytes32 root, bytes32[] calldata proof)
        internal
        view
        returns (bool included)
    {
        if (index >= size || size > type(uint48).max) return false;
        bool ok;
        assembly ("memory-safe") {
            // The running hash stays at 0x21, where the precompile writes it:
            //   0x01 ‖ left ‖ HASH    prefix at 0x00, left at 0x01
            //   0x01 ‖ HASH ‖ right   prefix at 0x20, which is the last byte of left; right at 0x41
            // That takes the free memory pointer and a byte of the zero word, which are put back below.
            let free := mload(0x40)
            mstore8(0x00, 0x01)
            mstore(0x21, leaf)
            let cursor := proof.offset
            let position := index
            ok := 1
            // Rows in which the tree has nodes to the right of the leaf's: a sibling on the one or the other side.
            for { let rows := xor(index, sub(size, 1)) } rows { rows := shr(1, rows) } {
                // 0x20 where the node is a left one, else 0x00.
                let message := shl(5, iszero(and(position, 1)))
                mstore8(0x20, 0x01)
                mstore(add(add(message, message), 0x01), calldataload(cursor))
                // A statement of its own: Yul evaluates arguments from right to left, which would read the length first.
                let success := staticcall(gas(), 0x02, message, 65, 0x21, 32)
                ok := and(ok, and(success, eq(returndatasize(), 32)))
                cursor := add(cursor, 32)
                position := shr(1, position)
            }
            // Above them the node is the last of its row: a sibling to the left for each bit that is set, and where
            // there is none it rises unchanged.
            for {} position { position := and(position, sub(position, 1)) } {
                mstore(0x01, calldataload(cursor))
                let success := staticcall(gas(), 0x02, 0x00, 65, 0x21, 32)
                ok := and(ok, and(success, eq(returndatasize(), 32)))
                cursor := add(cursor, 32)
            }
            included := and(eq(cursor, add(proof.offset, shl(5, proof.length))), eq(mload(0x21), root))
            mstore(0x40, free)
            mstore(0x60, 0)
        }
        if (!ok) revert Sha256Failed();
    }

    /// @notice Whether the tree (`newSize`, `newRoot`) begins with the tree (`oldSize`, `oldRoot`).
    /// @dev The proof binds `oldSize` but not `newSize`: most valid proofs also pass with `newSize` ± 1. Whoever
    /// needs the new size must have it from somebody who counted the leaves.
    /// @param proof exactly the nodes of RFC 9162 section 2.1.4.1
    function verifyConsistency(
        uint256 oldSize,
        bytes32 oldRoot,
        uint256 newSize,
        bytes32 newRoot,
        bytes32[] memory proof
    ) internal view returns (bool) {
        if (oldSize == 0 || oldSize >= newSize || newSize > type(uint48).max) return false;
        uint256 buffer;
        uint256 nodes;
        assembly ("memory-safe") {
            buffer := mload(0x40)
            nodes := add(proof, 32)
        }
        return consistent(buffer, oldSize, oldRoot, newSize, newRoot, nodes, nodes + 32 * proof.length);
    }

    /// @notice `verifyConsistency` for callers that know 0 < oldSize < newSize < 2^48 and where memory is free.
    /// @param buffer where CONSISTENCY_BUFFER bytes of memory are free
    /// @param cursor where the proof's nodes begin in memory
    /// @param end where they end
    function consistent(
        uint256 buffer,
        uint256 oldSize,
        bytes32 oldRoot,
        uint256 newSize,
        bytes32 newRoot,
        uint256 cursor,
        uint256 end
    ) internal view returns (bool extends_) {
        bool ok;
        assembly ("memory-safe") {
            // Two messages grow in place, each with its running hash in a word that the precompile writes:
            //   old   0x01 ‖ left ‖ HASH             prefix at +31, left at +32, hash at +64
            //   new   0x01 ‖ left ‖ HASH             prefix at +127, left at +128, hash at +160
            //               or 0x01 ‖ HASH ‖ right   prefix at +159, which is the last byte of left; right at +192
            mstore8(add(buffer, 31), 0x01)
            mstore8(add(buffer, 127), 0x01)

            // The largest complete subtree that ends the old tree: below it the two trees share every node.
            let unit := and(oldSize, sub(0, oldSize))
            let position := div(sub(oldSize, 1), unit)
            let first := oldRoot
            if position {
                first := mload(cursor)
                cursor := add(cursor, 32)
            }
            mstore(add(buffer, 64), first)
            mstore(add(buffer, 160), first)
            ok := 1
            // Rows in which the new tree has nodes to the right of the old tree's last one.
            for { let rows := xor(position, div(sub(newSize, 1), unit)) } rows { rows := shr(1, rows) } {
                let node := mload(cursor)
                switch and(position, 1)
                case 0 {
                    mstore8(add(buffer, 159), 0x01)
                    mstore(add(buffer, 192), node)
                    let success := staticcall(gas(), 0x02, add(buffer, 159), 65, add(buffer, 160), 32)
                    ok := and(ok, and(success, eq(returndatasize(), 32)))
                }
                default {
                    mstore(add(buffer, 32), node)
                    let success := staticcall(gas(), 0x02, add(buffer, 31), 65, add(buffer, 64), 32)
                    ok := and(ok, and(success, eq(returndatasize(), 32)))
                    mstore(add(buffer, 128), node)
                    success := staticcall(gas(), 0x02, add(buffer, 127), 65, add(buffer, 160), 32)
                    ok := and(ok, and(success, eq(returndatasize(), 32)))
                }
                cursor := add(cursor, 32)
                position := shr(1, position)
            }
            // Above them both trees have the same nodes to the left: one for each bit that is set.
            for {} position { position := and(position, sub(position, 1)) } {
                let node := mload(cursor)
                mstore(add(buffer, 32), node)
                let success := staticcall(gas(), 0x02, add(buffer, 31), 65, add(buffer, 64), 32)
                ok := and(ok, and(success, eq(returndatasize(), 32)))
                mstore(add(buffer, 128), node)
                success := staticcall(gas(), 0x02, add(buffer, 127), 65, add(buffer, 160), 32)
                ok := and(ok, and(success, eq(returndatasize(), 32)))
                cursor := add(cursor, 32)
            }
            extends_ := and(
                eq(cursor, end),
                and(eq(mload(add(buffer, 64)), oldRoot), eq(mload(add(buffer, 160)), newRoot))
            )
        }
        if (!ok) revert Sha256Failed();
    }

    /// @notice Whether the precompile answers as FIPS 180-4 says for "abc".
    function sha256Works() internal view returns (bool) {
        (bool ok, bytes memory answer) = address(0x02).staticcall("abc");
        return ok && answer.length == 32
            && bytes32(answer) == 0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad;
    }
}
