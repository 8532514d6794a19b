// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {LogHead} from "./LogHead.sol";

/// @title The first contract of a decision log
/// @notice It begins at the log's genesis, so every head it ever holds extends that entry.
contract ShowcauseLog is LogHead {
    /// @param logId_ RFC 6962 leaf hash of the genesis entry, which is the root of its tree of size 1
    /// @param operator_ may send heads; not the zero address
    /// @param countersigner_ signs heads after recomputing them; neither zero nor the operator
    /// @param guardian_ may only halt and freeze; zero: nobody
    /// @param timelock_ resumes, unfreezes, freezes without end and rotates the others; zero: nobody ever
    constructor(bytes32 logId_, address operator_, address countersigner_, address guardian_, address timelock_)
        LogHead(logId_, 1, logId_, Roles(operator_, countersigner_, guardian_, timelock_))
    {}
}
