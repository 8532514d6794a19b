// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IShowcauseLog} from "IShowcauseLog.sol";
import {LogInclusion} from "LogInclusion.sol";
import {Rfc9162} from "Rfc9162.sol";
import {Rfc9162Literal} from "Rfc9162Literal.sol";

/// @title What a contract pays to act on a logged entry
contract Consumer {
    /// @return used gas of the entry's hash and the proof
    function check(bytes memory entry, uint256 index, uint256 size, bytes32 root, bytes32[] calldata proof)
        external
        view
        returns (uint256 used)
    {
        uint256 before = gasleft();
        bool included = Rfc9162.verifyInclusion(Rfc9162.leafHash(entry), index, size, root, proof);
        used = before - gasleft();
        require(included);
    }

    /// @return used as of `check`, by the literal transcription
    function checkLiteral(bytes memory entry, uint256 index, uint256 size, bytes32 root, bytes32[] calldata proof)
        external
        view
        returns (uint256 used)
    {
        uint256 before = gasleft();
        bytes32 leaf = sha256(abi.encodePacked(bytes1(0x00), entry));
        bool included = Rfc9162Literal.inclusion(leaf, index, size, root, proof);
        used = before - gasleft();
        require(included);
    }

    /// @return used gas of all: asking the log for its head, comparing the tag, hash and proof
    function act(IShowcauseLog log, bytes16 tag, bytes memory entry, uint64 index, bytes32[] calldata proof)
        external
        view
        returns (uint256 used)
    {
        uint256 before = gasleft();
        LogInclusion.requireLogged(log, tag, entry, index, proof);
        used = before - gasleft();
    }
}
