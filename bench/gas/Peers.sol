// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {Rfc9162Literal} from "Rfc9162Literal.sol";

/// @title A line in the chain's journal, which no contract can read
contract EventOnly {
    event Anchored(uint64 indexed size, bytes32 root);

    function anchor(uint64 size, bytes32 root) external {
        emit Anchored(size, root);
    }
}

/// @title Every head, under its number
contract EpochMapping {
    struct Epoch {
        bytes32 root;
        uint64 size;
        uint64 time;
    }

    address private immutable _operator = msg.sender;
    uint256 public newest;
    mapping(uint256 number => Epoch) public epochs;

    event Anchored(uint64 indexed size, bytes32 root);

    function anchor(uint64 size, bytes32 root) external {
        require(msg.sender == _operator);
        epochs[++newest] = Epoch(root, size, uint64(block.timestamp));
        emit Anchored(size, root);
    }
}

/// @title What one would write with the parts of OpenZeppelin and the text of RFC 9162
abstract contract LiteralLog is AccessControl, Pausable {
    bytes32 public constant OPERATOR = keccak256("OPERATOR");
    uint64 public size = 1;
    bytes32 public root;

    event Advanced(uint64 indexed size, bytes32 root);

    error Inconsistent();

    constructor(bytes32 logId, address operator) {
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
        _grantRole(OPERATOR, operator);
        root = logId;
    }

    function _advance(uint64 newSize, bytes32 newRoot, bytes32[] calldata proof) internal {
        if (!Rfc9162Literal.consistency(size, root, newSize, newRoot, proof)) revert Inconsistent();
        size = newSize;
        root = newRoot;
        emit Advanced(newSize, newRoot);
    }
}

contract AccessControlLog is LiteralLog {
    constructor(bytes32 logId, address operator) LiteralLog(logId, operator) {}

    function advance(uint64 newSize, bytes32 newRoot, bytes32[] calldata proof)
        external
        onlyRole(OPERATOR)
        whenNotPaused
    {
        _advance(newSize, newRoot, proof);
    }
}

/// @title The same with a second key over each step, as ours has
contract CountersignedAccessControlLog is LiteralLog, EIP712 {
    bytes32 public constant COUNTERSIGNER = keccak256("COUNTERSIGNER");
    bytes32 private constant CHECKPOINT = keccak256("Checkpoint(uint64 oldSize,uint64 size,bytes32 root)");

    error Unsigned();

    constructor(bytes32 logId, address operator, address countersigner)
        LiteralLog(logId, operator)
        EIP712("Showcause", "1")
    {
        _grantRole(COUNTERSIGNER, countersigner);
    }

    function advance(uint64 newSize, bytes32 newRoot, bytes32[] calldata proof, bytes calldata signature)
        external
        onlyRole(OPERATOR)
        whenNotPaused
    {
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(CHECKPOINT, size, newSize, newRoot)));
        if (!hasRole(COUNTERSIGNER, ECDSA.recover(digest, signature))) revert Unsigned();
        _advance(newSize, newRoot, proof);
    }
}
