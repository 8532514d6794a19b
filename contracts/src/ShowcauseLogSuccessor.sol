// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IShowcauseLog} from "./IShowcauseLog.sol";
import {LogHead} from "./LogHead.sol";
import {LogSuccession} from "./LogSuccession.sol";

/// @title A contract that takes over a decision log from another one on the same chain
/// @notice It begins at a head that extends the head its predecessor held when this was deployed, or cannot be deployed.
/// @dev Anyone can deploy one, with roles of their own: it speaks for the log only where an `anchorage` entry of the log
/// names it. While the predecessor is not frozen both can grow; whoever moves from the one to the other asks
/// `LogSuccession.requireExtends` at that moment.
contract ShowcauseLogSuccessor is LogHead {
    /// The contract whose head this one extended.
    address public immutable predecessor;

    /// @param from the predecessor
    /// @param size leaves of the first head, at least the predecessor's
    /// @param root RFC 9162 root of the tree of that size
    /// @param proof consistency proof from the predecessor's head; empty where it is the same head
    constructor(IShowcauseLog from, uint64 size, bytes32 root, bytes32[] memory proof, Roles memory roles)
        LogHead(from.logId(), size, root, roles)
    {
        LogSuccession.requireExtends(from, size, root, proof);
        predecessor = address(from);
    }
}
