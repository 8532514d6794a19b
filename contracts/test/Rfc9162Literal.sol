// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title RFC 9162, step by step as its text says, to be compared with Rfc9162.sol
/// @dev Shares no code with it: Solidity's own sha256, the text's variable names.
library Rfc9162Literal {
    /// Section 2.1.3.2, steps 1 to 5.
    function inclusion(bytes32 hash, uint256 leafIndex, uint256 treeSize, bytes32 rootHash, bytes32[] memory path)
        internal
        pure
        returns (bool)
    {
        if (leafIndex >= treeSize) return false;
        uint256 fn = leafIndex;
        uint256 sn = treeSize - 1;
        bytes32 r = hash;
        for (uint256 i = 0; i < path.length; ++i) {
            bytes32 p = path[i];
            if (sn == 0) return false;
            if (fn & 1 == 1 || fn == sn) {
                r = join(p, r);
                while (fn & 1 == 0 && fn != 0) {
                    fn >>= 1;
                    sn >>= 1;
                }
            } else {
                r = join(r, p);
            }
            fn >>= 1;
            sn >>= 1;
        }
        return sn == 0 && r == rootHash;
    }

    /// Section 2.1.4.2, steps 1 to 7.
    function consistency(
        uint256 first,
        bytes32 firstHash,
        uint256 second,
        bytes32 secondHash,
        bytes32[] memory consistencyPath
    ) internal pure returns (bool) {
        if (first == 0 || first >= second || consistencyPath.length == 0) return false;
        bytes32[] memory path = consistencyPath;
        if (first & (first - 1) == 0) path = prepend(firstHash, consistencyPath);
        uint256 fn = first - 1;
        uint256 sn = second - 1;
        while (fn & 1 == 1) {
            fn >>= 1;
            sn >>= 1;
        }
        bytes32 fr = path[0];
        bytes32 sr = path[0];
        for (uint256 i = 1; i < path.length; ++i) {
            bytes32 c = path[i];
            if (sn == 0) return false;
            if (fn & 1 == 1 || fn == sn) {
                fr = join(c, fr);
                sr = join(c, sr);
                while (fn & 1 == 0 && fn != 0) {
                    fn >>= 1;
                    sn >>= 1;
                }
            } else {
                sr = join(sr, c);
            }
            fn >>= 1;
            sn >>= 1;
        }
        return sn == 0 && fr == firstHash && sr == secondHash;
    }

    function join(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }

    function prepend(bytes32 head, bytes32[] memory tail) private pure returns (bytes32[] memory all) {
        all = new bytes32[](tail.length + 1);
        all[0] = head;
        for (uint256 i = 0; i < tail.length; ++i) {
            all[i + 1] = tail[i];
        }
    }
}
