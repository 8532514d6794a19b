// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title What a consumer may ask the contract of a decision log
interface IShowcauseLog {
    /// @notice Leaf hash of the log's genesis entry; the root of its tree of size 1.
    function logId() external view returns (bytes32);

    /// @notice The newest accepted head.
    /// @return size leaves, at least 1, below 2^48
    /// @return root RFC 9162 root of the tree of that size
    /// @return lastAdvance Unix seconds of the block that accepted it
    /// @return flags bit 0: consumers are halted; bit 1: anchoring is frozen now
    function head() external view returns (uint64 size, bytes32 root, uint64 lastAdvance, uint8 flags);

    /// @notice Whether consumers must not act on the log. Evidence keeps flowing.
    function halted() external view returns (bool);

    /// @notice When consumers were last let act again, Unix seconds; 0: never. What was known before was judged then.
    function resumedAt() external view returns (uint64);
}

/// @title What the guardian of a log may do
interface IGuardedLog is IShowcauseLog {
    /// @notice Tells consumers to stop.
    function halt() external;

    /// @notice Stops anchoring for a while.
    function freeze() external;
}
