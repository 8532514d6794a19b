// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Proofs of an RFC 9162 Merkle tree with SHA-256
/// @notice Inclusion (section 2.1.3.2) and consistency (section 2.1.4.2), for trees below 2^48 leaves.
/// @dev Every call of the SHA-256 precompile is checked twice: for success, because a call that ran out of gas
/// leaves old memory that would be read as a hash, and for the length of its answer, because a chain without the
/// precompile answers an empty success.
library Rfc9162 {
    /// The SHA-256 precompile failed or is not there.
    error Sha256Failed();

    /// @notice Leaf hash SHA-256(0x00 ‖ entry). Consumers hash the entry themselves and never take a leaf hash from a caller.
    function leafHash(bytes memory entry) internal view returns (bytes32) {
        return _sha256(abi.encodePacked(bytes1(0x00), entry));
    }

    /// @notice Interior node SHA-256(0x01 ‖ left ‖ right).
    function nodeHash(bytes32 left, bytes32 right) internal view returns (bytes32 node) {
        bool ok;
        assembly ("memory-safe") {
            // Scratch beyond the free pointer: it is written whole before it is read, and never kept.
            let buffer := mload(0x40)
            mstore8(buffer, 0x01)
            mstore(add(buffer, 1), left)
            mstore(add(buffer, 33), right)
            // 0x02 is SHA-256; the answer goes to the scratch word 0x00.
            ok := staticcall(gas(), 0x02, buffer, 65, 0x00, 32)
            // A statement of its own: Yul evaluates arguments from right to left, which would read the length before the call.
            ok := and(ok, eq(returndatasize(), 32))
            node := mload(0x00)
        }
        if (!ok) revert Sha256Failed();
    }

    /// @notice Whether `leaf` is at `index` of the tree of `size` leaves with `root`.
    /// @param proof siblings from the leaf's to the root's children, exactly as many as the position needs
    function verifyInclusion(bytes32 leaf, uint256 index, uint256 size, bytes32 root, bytes32[] calldata proof)
        internal
        view
        returns (bool)
    {
        if (index >= size || size > type(uint48).max) return false;
        uint256 used = 0;
        uint256 position = index;
        uint256 last = size - 1;
        bytes32 hash = leaf;
        while (last != 0) {
            if (position & 1 == 1) {
                if (used == proof.length) return false;
                hash = nodeHash(proof[used++], hash);
            } else if (position != last) {
                if (used == proof.length) return false;
                hash = nodeHash(hash, proof[used++]);
            }
            // Otherwise the node is the last of its row without a sibling and rises unchanged.
            position >>= 1;
            last >>= 1;
        }
        return used == proof.length && hash == root;
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
        bytes32[] calldata proof
    ) internal view returns (bool) {
        if (oldSize == 0 || oldSize >= newSize || newSize > type(uint48).max) return false;
        // The largest complete subtree that ends the old tree: below it the two trees share every node.
        uint256 unit = oldSize & (~oldSize + 1);
        uint256 position = (oldSize - 1) / unit;
        uint256 last = (newSize - 1) / unit;
        uint256 used = 0;
        bytes32 oldHash = oldRoot;
        if (position != 0) {
            if (proof.length == 0) return false;
            oldHash = proof[0];
            used = 1;
        }
        bytes32 newHash = oldHash;
        // Rows in which the new tree has nodes to the right of the old tree's last one.
        while (position != last) {
            if (used == proof.length) return false;
            bytes32 node = proof[used++];
            if (position & 1 == 1) {
                oldHash = nodeHash(node, oldHash);
                newHash = nodeHash(node, newHash);
            } else {
                newHash = nodeHash(newHash, node);
            }
            position >>= 1;
            last >>= 1;
        }
        // Above them both trees have the same nodes to the left: one for each bit that is set.
        while (position != 0) {
            if (used == proof.length) return false;
            bytes32 node = proof[used++];
            oldHash = nodeHash(node, oldHash);
            newHash = nodeHash(node, newHash);
            position &= position - 1;
        }
        return used == proof.length && oldHash == oldRoot && newHash == newRoot;
    }

    /// @notice Whether the precompile answers as FIPS 180-4 says for "abc".
    function sha256Works() internal view returns (bool) {
        return _sha256("abc") == 0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad;
    }

    function _sha256(bytes memory message) private view returns (bytes32 digest) {
        (bool ok, bytes memory answer) = address(0x02).staticcall(message);
        if (!ok || answer.length != 32) revert Sha256Failed();
        return abi.decode(answer, (bytes32));
    }
}
