// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IShowcauseLog} from "./IShowcauseLog.sol";
import {Rfc9162} from "./Rfc9162.sol";

/// @title The head of one decision log, which can only grow
/// @notice Holds the newest (size, root) and accepts another only with an RFC 9162 consistency proof from the one it
/// holds, sent by the operator and countersigned by a second party that recomputed it. No key can take entries back.
/// @dev There is no proxy and no upgrade: a key that could replace this code could rewrite the log.
/// The consistency proof does not bind the new size; the countersignature does.
abstract contract LogHead is IShowcauseLog {
    /// Consumers stop; anchoring goes on.
    uint8 public constant HALTED = 1;
    /// Anchoring stops until the freeze expires.
    uint8 public constant FROZEN = 2;
    /// How long one freeze by the guardian lasts, in seconds.
    uint40 public constant FREEZE_SECONDS = 7 days;

    // Slot 0.
    bytes32 private _root;
    // Slot 1: all that `advance` must check and change, in one word read once and written once.
    // From the lowest bit: size 48, last advance 40 (Unix seconds), operator 160, flags 8.
    uint256 private _packed;
    // Slot 2.
    address private _countersigner;
    uint40 private _frozenUntil;
    // Slot 3.
    address private _guardian;
    uint40 private _resumedAt;

    uint256 private constant TIME_SHIFT = 48;
    uint256 private constant OPERATOR_SHIFT = 88;
    uint256 private constant FLAGS_SHIFT = 248;

    bytes32 public immutable logId;
    address public immutable timelock;
    uint256 private immutable _deployedChainId;
    bytes32 private immutable _deployedDomain;

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant CHECKPOINT_TYPE = keccak256("Checkpoint(uint64 oldSize,uint64 size,bytes32 root)");
    /// Half the order of secp256k1: a larger s is the second spelling of the same signature.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    /// Where memory is free when nothing was allocated in this call.
    uint256 private constant FREE = 0x80;

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

    /// Who may do what.
    struct Roles {
        /// may send heads; not the zero address
        address operator;
        /// signs heads after recomputing them; neither zero nor the operator
        address countersigner;
        /// may only halt and freeze; zero: nobody
        address guardian;
        /// resumes, unfreezes, freezes without end and rotates the others; zero: nobody ever
        address timelock;
    }

    /// @param logId_ RFC 6962 leaf hash of the genesis entry
    /// @param size leaves of the first head, at least 1, below 2^48
    /// @param root RFC 9162 root of the tree of that size
    constructor(bytes32 logId_, uint64 size, bytes32 root, Roles memory roles) {
        if (!Rfc9162.sha256Works()) revert NoSha256();
        // An old size of 0 would make every head an extension.
        if (size == 0 || size > type(uint48).max) revert SizeRefused(0, size);
        _requireSeparate(roles.operator, roles.countersigner);
        logId = logId_;
        timelock = roles.timelock;
        _root = root;
        _packed = uint256(uint160(roles.operator)) << OPERATOR_SHIFT | _sizeAndTime(size);
        _countersigner = roles.countersigner;
        _guardian = roles.guardian;
        _deployedChainId = block.chainid;
        _deployedDomain = _domain();
        emit Advanced(size, root);
    }

    /// @notice Accepts a larger head. Only the operator, not while frozen.
    /// @param newSize leaves, above the anchored size, below 2^48
    /// @param newRoot RFC 9162 root of the tree of that size
    /// @param proof consistency proof from the anchored size to `newSize`
    /// @param r of the countersignature over Checkpoint(anchored size, newSize, newRoot)
    /// @param vs its s, which is low, with v - 27 in the highest bit (EIP-2098)
    function advance(uint64 newSize, bytes32 newRoot, bytes32[] calldata proof, bytes32 r, bytes32 vs) external {
        uint256 packed = _packed;
        // One comparison for the right operator and no flag.
        if (packed >> OPERATOR_SHIFT != uint160(msg.sender)) packed = _requireMayAdvance(packed);
        uint64 size = uint48(packed);
        if (newSize <= size || newSize > type(uint48).max) revert SizeRefused(size, newSize);
        if (!_extends(size, newSize, newRoot, proof)) revert InconsistentHead(size, newSize);
        if (_signer(size, newSize, newRoot, r, vs) != _countersigner) revert CountersignatureRefused();
        _root = newRoot;
        _packed = packed >> OPERATOR_SHIFT << OPERATOR_SHIFT | _sizeAndTime(newSize);
        emit Advanced(newSize, newRoot);
    }

    /// @notice Tells consumers to stop. Anchoring goes on, because evidence must keep flowing.
    function halt() external {
        if (msg.sender != _guardian) revert NotAuthorized(msg.sender);
        _packed |= uint256(HALTED) << FLAGS_SHIFT;
        emit Halted(msg.sender);
    }

    /// @notice Stops anchoring, for a key that may be stolen: by the guardian for `FREEZE_SECONDS` from now, after which
    /// it goes on by itself; by the timelock until it unfreezes, which makes this head final for a successor.
    function freeze() external {
        uint40 until = type(uint40).max;
        if (msg.sender != timelock) {
            if (msg.sender != _guardian) revert NotAuthorized(msg.sender);
            // The guardian does not shorten what the timelock set.
            if (_frozenUntil != until) until = uint40(block.timestamp) + FREEZE_SECONDS;
        }
        _packed |= uint256(FROZEN) << FLAGS_SHIFT;
        _frozenUntil = until;
        emit Frozen(msg.sender, until);
    }

    /// @notice Lets consumers act again.
    function resume() external {
        _onlyTimelock();
        _packed &= ~(uint256(HALTED) << FLAGS_SHIFT);
        _resumedAt = uint40(block.timestamp);
        emit Resumed();
    }

    /// @notice Ends a freeze before it expires.
    function unfreeze() external {
        _onlyTimelock();
        _packed &= ~(uint256(FROZEN) << FLAGS_SHIFT);
        _frozenUntil = 0;
        emit Unfrozen();
    }

    function rotateOperator(address to) external {
        _onlyTimelock();
        _requireSeparate(to, _countersigner);
        emit OperatorRotated(operator(), to);
        uint256 others = _packed & ~(uint256(type(uint160).max) << OPERATOR_SHIFT);
        _packed = others | uint256(uint160(to)) << OPERATOR_SHIFT;
    }

    function rotateCountersigner(address to) external {
        _onlyTimelock();
        _requireSeparate(operator(), to);
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
        uint256 packed = _packed;
        flags = uint8(packed >> FLAGS_SHIFT);
        if (flags & FROZEN != 0 && block.timestamp >= _frozenUntil) flags &= ~FROZEN;
        return (uint48(packed), _root, uint40(packed >> TIME_SHIFT), flags);
    }

    /// @inheritdoc IShowcauseLog
    function halted() external view returns (bool) {
        return uint8(_packed >> FLAGS_SHIFT) & HALTED != 0;
    }

    /// @inheritdoc IShowcauseLog
    function resumedAt() external view returns (uint64) {
        return _resumedAt;
    }

    function operator() public view returns (address) {
        return address(uint160(_packed >> OPERATOR_SHIFT));
    }

    function countersigner() external view returns (address) {
        return _countersigner;
    }

    function guardian() external view returns (address) {
        return _guardian;
    }

    /// @notice When the last freeze ends or ended, Unix seconds; 0: never frozen, or ended by the timelock; 2^40 - 1:
    /// when the timelock ends it.
    function frozenUntil() external view returns (uint64) {
        return _frozenUntil;
    }

    /// @notice EIP-712 domain: name "Showcause", version "1", this chain, this address.
    function domainSeparator() public view returns (bytes32) {
        // After a fork of the chain the same address lives twice: signatures must not cross.
        return block.chainid == _deployedChainId ? _deployedDomain : _domain();
    }

    /// The slow way in: another caller, or a flag that is set.
    /// @return the word without the flag of a freeze that has expired
    function _requireMayAdvance(uint256 packed) private view returns (uint256) {
        if (address(uint160(packed >> OPERATOR_SHIFT)) != msg.sender) revert NotAuthorized(msg.sender);
        uint256 flag = uint256(FROZEN) << FLAGS_SHIFT;
        if (packed & flag != 0 && block.timestamp < _frozenUntil) revert LogFrozen(_frozenUntil);
        return packed & ~flag;
    }

    function _extends(uint256 size, uint256 newSize, bytes32 newRoot, bytes32[] calldata proof)
        private
        view
        returns (bool)
    {
        uint256 nodes = FREE + Rfc9162.CONSISTENCY_BUFFER;
        uint256 end;
        // Not declared memory-safe: fixed addresses are right because the compiler then keeps no variables in memory,
        // and `advance` has allocated nothing. The decoder has seen that the proof lies within the call data.
        assembly {
            let length := shl(5, proof.length)
            calldatacopy(nodes, proof.offset, length)
            end := add(nodes, length)
        }
        return Rfc9162.consistent(FREE, size, _root, newSize, newRoot, nodes, end);
    }

    /// @return signer the key that signed the step, or zero, which no role holds
    function _signer(uint256 oldSize, uint256 newSize, bytes32 newRoot, bytes32 r, bytes32 vs)
        private
        view
        returns (address signer)
    {
        uint256 s = uint256(vs) & type(uint256).max >> 1;
        if (s > HALF_ORDER) return address(0);
        bytes32 domain = domainSeparator();
        bytes32 checkpointType = CHECKPOINT_TYPE;
        // keccak256(0x1901 ‖ domain ‖ keccak256(abi.encode(type, oldSize, newSize, newRoot))), at fixed addresses as above.
        assembly {
            mstore(FREE, checkpointType)
            mstore(add(FREE, 0x20), oldSize)
            mstore(add(FREE, 0x40), newSize)
            mstore(add(FREE, 0x60), newRoot)
            let message := keccak256(FREE, 0x80)
            mstore(FREE, shl(240, 0x1901))
            mstore(add(FREE, 0x02), domain)
            mstore(add(FREE, 0x22), message)
            mstore(FREE, keccak256(FREE, 0x42))
            mstore(add(FREE, 0x20), add(shr(255, vs), 27))
            mstore(add(FREE, 0x40), r)
            mstore(add(FREE, 0x60), s)
            // ECRECOVER answers nothing at all to what is no signature.
            let ok := staticcall(gas(), 0x01, FREE, 0x80, 0x00, 0x20)
            signer := mul(mload(0x00), and(ok, eq(returndatasize(), 32)))
        }
    }

    function _sizeAndTime(uint64 size) private view returns (uint256) {
        return uint256(uint40(block.timestamp)) << TIME_SHIFT | size;
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

    function _onlyTimelock() private view {
        if (msg.sender != timelock) revert NotAuthorized(msg.sender);
    }
}
