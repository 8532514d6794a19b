// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IShowcauseLog} from "./IShowcauseLog.sol";
import {Rfc9162} from "./Rfc9162.sol";

/// @title The head of one decision log, which can only grow
/// @notice Holds the newest (size, root) and accepts another only with an RFC 9162 consistency proof from the one it
/// holds, sent by the operator and countersigned by a second party that recomputed it. It begins at the log's
/// genesis, so every head it ever holds extends that entry: no key can take anchored entries back.
/// @dev There is no proxy and no upgrade: a key that could replace this code could rewrite the log.
/// The consistency proof does not bind the new size; the countersignature does.
contract ShowcauseLog is IShowcauseLog {
    /// Consumers stop; anchoring goes on.
    uint8 public constant HALTED = 1;
    /// Anchoring stops until the freeze expires.
    uint8 public constant FROZEN = 2;
    /// How long one freeze lasts, in seconds.
    uint40 public constant FREEZE_SECONDS = 7 days;

    // Slot 0.
    bytes32 private _root;
    // Slot 1: all that `advance` must check and change, in one word.
    uint48 private _size;
    uint40 private _lastAdvance;
    address private _operator;
    uint8 private _flags;
    // Slot 2.
    address private _countersigner;
    uint40 private _frozenUntil;
    // Slot 3.
    address private _guardian;

    bytes32 public immutable logId;
    address public immutable timelock;
    uint256 private immutable _deployedChainId;
    bytes32 private immutable _deployedDomain;

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant CHECKPOINT_TYPE = keccak256("Checkpoint(uint64 oldSize,uint64 size,bytes32 root)");
    /// Half the order of secp256k1: a larger s is the second spelling of the same signature.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    event Advanced(uint64 indexed size, bytes32 root);
    event Halted(address indexed by);
    event Resumed();
    event Frozen(address indexed by, uint64 until);
    event Unfrozen();
    event OperatorRotated(address indexed from, address indexed to);
    event CountersignerRotated(address indexed from, address indexed to);
    event GuardianRotated(address indexed from, address indexed to);

    /// The caller does not hold the role that this act needs.
    error NotAuthorized(address caller);
    /// Anchoring is frozen until `until`, Unix seconds.
    error LogFrozen(uint64 until);
    /// The new size is not above the anchored one, or not below 2^48.
    error SizeRefused(uint64 size, uint64 newSize);
    /// The new head does not extend the anchored one, or the proof does not show it.
    error InconsistentHead(uint64 size, uint64 newSize);
    /// The countersignature is malformed, has a high s, or is not the countersigner's over this step.
    error CountersignatureRefused();
    /// A role that must be held is given to nobody, or one key is to hold operator and countersigner.
    error RoleRefused();
    /// The chain does not offer SHA-256 as a precompile.
    error NoSha256();

    /// @param logId_ RFC 6962 leaf hash of the genesis entry
    /// @param operator_ may send heads; not the zero address
    /// @param countersigner_ signs heads after recomputing them; neither zero nor the operator
    /// @param guardian_ may only halt and freeze; zero: nobody
    /// @param timelock_ resumes, unfreezes and rotates the others; zero: nobody ever
    constructor(bytes32 logId_, address operator_, address countersigner_, address guardian_, address timelock_) {
        if (!Rfc9162.sha256Works()) revert NoSha256();
        _requireSeparate(operator_, countersigner_);
        logId = logId_;
        timelock = timelock_;
        _root = logId_;
        _size = 1;
        _lastAdvance = uint40(block.timestamp);
        _operator = operator_;
        _countersigner = countersigner_;
        _guardian = guardian_;
        _deployedChainId = block.chainid;
        _deployedDomain = _domain();
        emit Advanced(1, logId_);
    }

    /// @notice Accepts a larger head. Only the operator, not while frozen.
    /// @param newSize leaves, above the anchored size, below 2^48
    /// @param newRoot RFC 9162 root of the tree of that size
    /// @param proof consistency proof from the anchored size to `newSize`
    /// @param countersignature r ‖ s ‖ v over Checkpoint(anchored size, newSize, newRoot), low s, v 27 or 28
    function advance(uint64 newSize, bytes32 newRoot, bytes32[] calldata proof, bytes calldata countersignature)
        external
    {
        uint48 size = _size;
        uint8 flags = _flags;
        if (msg.sender != _operator) revert NotAuthorized(msg.sender);
        if (flags & FROZEN != 0) {
            if (block.timestamp < _frozenUntil) revert LogFrozen(_frozenUntil);
            flags &= ~FROZEN;
        }
        if (newSize <= size || newSize > type(uint48).max) revert SizeRefused(size, newSize);
        if (!Rfc9162.verifyConsistency(size, _root, newSize, newRoot, proof)) revert InconsistentHead(size, newSize);
        if (_signer(size, newSize, newRoot, countersignature) != _countersigner) revert CountersignatureRefused();
        _root = newRoot;
        _size = uint48(newSize);
        _lastAdvance = uint40(block.timestamp);
        _flags = flags;
        emit Advanced(newSize, newRoot);
    }

    /// @notice Tells consumers to stop. Anchoring goes on, because evidence must keep flowing.
    function halt() external {
        _onlyGuardian();
        _flags |= HALTED;
        emit Halted(msg.sender);
    }

    /// @notice Stops anchoring for `FREEZE_SECONDS` from now: for a key that may be stolen.
    function freeze() external {
        _onlyGuardian();
        uint40 until = uint40(block.timestamp) + FREEZE_SECONDS;
        _flags |= FROZEN;
        _frozenUntil = until;
        emit Frozen(msg.sender, until);
    }

    /// @notice Lets consumers act again.
    function resume() external {
        _onlyTimelock();
        _flags &= ~HALTED;
        emit Resumed();
    }

    /// @notice Ends a freeze before it expires.
    function unfreeze() external {
        _onlyTimelock();
        _flags &= ~FROZEN;
        _frozenUntil = 0;
        emit Unfrozen();
    }

    function rotateOperator(address to) external {
        _onlyTimelock();
        _requireSeparate(to, _countersigner);
        emit OperatorRotated(_operator, to);
        _operator = to;
    }

    function rotateCountersigner(address to) external {
        _onlyTimelock();
        _requireSeparate(_operator, to);
        emit CountersignerRotated(_countersigner, to);
        _countersigner = to;
    }

    /// @param to zero: nobody can halt or freeze until the next rotation
    function rotateGuardian(address to) external {
        _onlyTimelock();
        emit GuardianRotated(_guardian, to);
        _guardian = to;
    }

    /// @inheritdoc IShowcauseLog
    function head() external view returns (uint64 size, bytes32 root, uint64 lastAdvance, uint8 flags) {
        flags = _flags;
        if (block.timestamp >= _frozenUntil) flags &= ~FROZEN;
        return (_size, _root, _lastAdvance, flags);
    }

    /// @inheritdoc IShowcauseLog
    function halted() external view returns (bool) {
        return _flags & HALTED != 0;
    }

    function operator() external view returns (address) {
        return _operator;
    }

    function countersigner() external view returns (address) {
        return _countersigner;
    }

    function guardian() external view returns (address) {
        return _guardian;
    }

    /// @notice When the last freeze ends or ended, Unix seconds; 0: never frozen, or ended by the timelock.
    function frozenUntil() external view returns (uint64) {
        return _frozenUntil;
    }

    /// @notice EIP-712 domain: name "Showcause", version "1", this chain, this address.
    function domainSeparator() public view returns (bytes32) {
        // After a fork of the chain the same address lives twice: signatures must not cross.
        return block.chainid == _deployedChainId ? _deployedDomain : _domain();
    }

    /// @return the key that signed the step, or zero, which no role holds
    function _signer(uint64 oldSize, uint64 newSize, bytes32 newRoot, bytes calldata signature)
        private
        view
        returns (address)
    {
        if (signature.length != 65) return address(0);
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        uint8 v = uint8(signature[64]);
        if (uint256(s) > HALF_ORDER || (v != 27 && v != 28)) return address(0);
        bytes32 message = keccak256(abi.encode(CHECKPOINT_TYPE, oldSize, newSize, newRoot));
        return ecrecover(keccak256(abi.encodePacked(hex"1901", domainSeparator(), message)), v, r, s);
    }

    function _domain() private view returns (bytes32) {
        return keccak256(
            abi.encode(DOMAIN_TYPE, keccak256(bytes("Showcause")), keccak256(bytes("1")), block.chainid, address(this))
        );
    }

    function _requireSeparate(address operator_, address countersigner_) private pure {
        if (operator_ == address(0) || countersigner_ == address(0) || operator_ == countersigner_) {
            revert RoleRefused();
        }
    }

    function _onlyGuardian() private view {
        if (msg.sender != _guardian) revert NotAuthorized(msg.sender);
    }

    function _onlyTimelock() private view {
        if (msg.sender != timelock) revert NotAuthorized(msg.sender);
    }
}
