// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {IShowcauseLog} from "./IShowcauseLog.sol";
import {LogInclusion} from "./LogInclusion.sol";

/// @title Pays a loan only for a decision that is in the log and was authorised
/// @notice A disbursement entry commits to payee and amount and carries the authoriser's signature. Whoever holds its opening
/// claims once, while consumers are not halted. Claiming publishes payee and amount for ever and links the payee's address to
/// the decision.
contract LoanDisbursement is ReentrancyGuard {
    using SafeERC20 for IERC20;

    /// What a disbursement entry committed to (spec/typed-entries.md).
    struct Opening {
        bytes16 decisionId;
        address payee;
        /// in the token's smallest unit
        uint256 amount;
        /// Unix seconds: refused from then on
        uint64 expiry;
        bytes32 salt;
    }

    /// Where the entry is in the log.
    struct Place {
        /// random id in the entry
        bytes16 id;
        /// the authoriser's r ‖ s ‖ v, as the entry carries it
        bytes signature;
        /// of its leaf, from 0
        uint64 index;
    }

    enum Status {
        None,
        Pending,
        Paid,
        Stopped
    }

    struct Payout {
        Status status;
        address payee;
        /// Unix seconds from which it can be released
        uint64 releasable;
        uint256 amount;
    }

    /// Set once, by whoever deploys.
    struct Settings {
        IShowcauseLog log;
        IERC20 token;
        /// signs disbursements
        address authoriser;
        /// may stop a payout that waits; zero: nobody
        address guardian;
        /// rotates the authoriser; zero: nobody ever
        address timelock;
        /// takes back what no payout waits for
        address treasury;
        uint256 maxPerPayout;
        uint256 maxPerDay;
        /// seconds between claim and release; 0: paid at once
        uint32 delay;
    }

    /// How long a payout that can be released waits at least.
    uint64 public constant REFUND_AFTER = 30 days;

    bytes16 private constant TAG = "disbursement";
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant DISBURSEMENT_TYPE = keccak256(
        "Disbursement(bytes32 logId,bytes16 decisionId,address payee,uint256 amount,uint64 expiry,bytes32 salt)"
    );
    /// Half the order of secp256k1: a larger s is the second spelling of the same signature.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    IShowcauseLog public immutable log;
    IERC20 public immutable token;
    address public immutable guardian;
    address public immutable timelock;
    address public immutable treasury;
    uint256 public immutable maxPerPayout;
    uint256 public immutable maxPerDay;
    uint32 public immutable delay;
    bytes32 private immutable _logId;

    address public authoriser;
    /// Of payouts that wait: the treasury cannot take it.
    uint256 public reserved;
    uint256 private _day;
    uint256 private _dayTotal;
    /// By decision, not by leaf: an operator may log one authorisation twice.
    mapping(bytes16 decisionId => Payout) private _payouts;

    event Claimed(bytes16 indexed decisionId, address indexed payee, uint256 amount, uint64 releasable);
    event Paid(bytes16 indexed decisionId, address indexed payee, uint256 amount);
    event Stopped(bytes16 indexed decisionId);
    event Withdrawn(uint256 amount);
    event AuthoriserRotated(address indexed from, address indexed to);

    /// The caller does not hold the role that this act needs.
    error NotAuthorized(address caller);
    /// A role that must be held is given to nobody, a token without code, or a cap of nothing.
    error SettingsRefused();
    /// The authorisation is no longer good.
    error Expired(uint64 expiry);
    /// An amount of nothing, above the cap of one payout, or above what is left of the day's.
    error AmountRefused(uint256 amount, uint256 most);
    /// The signature in the entry is not the authoriser's over this opening, for this contract on this chain.
    error NotAuthorised();
    /// The decision has a payout already.
    error AlreadyClaimed(bytes16 decisionId);
    /// No payout of this decision waits.
    error NotPending(bytes16 decisionId);
    /// The payout cannot be released before then, Unix seconds.
    error TooEarly(uint64 releasable);
    /// The token moved another amount than it was told.
    error TokenMisbehaved();
    /// Less than that is free.
    error NotEnough(uint256 free);

    constructor(Settings memory settings) {
        if (
            settings.authoriser == address(0) || settings.treasury == address(0)
                || address(settings.token).code.length == 0 || settings.maxPerPayout == 0
                || settings.maxPerDay < settings.maxPerPayout
        ) revert SettingsRefused();
        log = settings.log;
        _logId = settings.log.logId();
        token = settings.token;
        authoriser = settings.authoriser;
        guardian = settings.guardian;
        timelock = settings.timelock;
        treasury = settings.treasury;
        maxPerPayout = settings.maxPerPayout;
        maxPerDay = settings.maxPerDay;
        delay = settings.delay;
    }

    /// @notice Pays, or lets the payout's delay begin. Anybody may call it: only the payee is paid.
    /// @param proof inclusion proof of the entry to the head that the log holds now
    function claim(Opening calldata opening, Place calldata place, bytes32[] calldata proof) external nonReentrant {
        bytes16 decisionId = opening.decisionId;
        uint256 amount = opening.amount;
        if (block.timestamp >= opening.expiry) revert Expired(opening.expiry);
        if (amount == 0 || amount > maxPerPayout) revert AmountRefused(amount, maxPerPayout);
        if (_payouts[decisionId].status != Status.None) revert AlreadyClaimed(decisionId);
        bytes32 digest = disbursementDigest(opening);
        if (_signer(digest, place.signature) != authoriser) revert NotAuthorised();
        bytes memory entry = abi.encodePacked(TAG, _logId, place.id, digest, place.signature);
        LogInclusion.requireLogged(log, TAG, entry, place.index, proof);
        _countToday(amount);
        uint64 releasable = uint64(block.timestamp) + delay;
        _payouts[decisionId] = Payout(Status.Pending, opening.payee, releasable, amount);
        reserved += amount;
        emit Claimed(decisionId, opening.payee, amount, releasable);
        if (delay == 0) _pay(decisionId);
        else if (reserved > token.balanceOf(address(this))) revert NotEnough(_free(amount));
    }

    /// @notice Pays what has waited for its delay. Anybody may call it.
    function release(bytes16 decisionId) external nonReentrant {
        Payout storage payout = _payouts[decisionId];
        if (payout.status != Status.Pending) revert NotPending(decisionId);
        if (block.timestamp < payout.releasable) revert TooEarly(payout.releasable);
        if (log.halted()) revert LogInclusion.LogHalted();
        _pay(decisionId);
    }

    /// @notice Stops a payout for good while it waits; its amount is free again.
    function stop(bytes16 decisionId) external {
        if (msg.sender != guardian) revert NotAuthorized(msg.sender);
        Payout storage payout = _payouts[decisionId];
        if (payout.status != Status.Pending) revert NotPending(decisionId);
        payout.status = Status.Stopped;
        reserved -= payout.amount;
        emit Stopped(decisionId);
    }

    /// @notice Gives up a payout that could not be released for `REFUND_AFTER`: a payee whom the token blocks, or a long halt.
    function refund(bytes16 decisionId) external {
        if (msg.sender != treasury) revert NotAuthorized(msg.sender);
        Payout storage payout = _payouts[decisionId];
        if (payout.status != Status.Pending) revert NotPending(decisionId);
        uint64 refundable = payout.releasable + REFUND_AFTER;
        if (block.timestamp < refundable) revert TooEarly(refundable);
        payout.status = Status.Stopped;
        reserved -= payout.amount;
        emit Stopped(decisionId);
    }

    /// @notice Gives the treasury back what no payout waits for.
    function withdraw(uint256 amount) external nonReentrant {
        if (msg.sender != treasury) revert NotAuthorized(msg.sender);
        uint256 free = _free(0);
        if (amount > free) revert NotEnough(free);
        emit Withdrawn(amount);
        token.safeTransfer(treasury, amount);
    }

    /// @notice What another key signed before is no longer good from now on.
    function rotateAuthoriser(address to) external {
        if (msg.sender != timelock) revert NotAuthorized(msg.sender);
        if (to == address(0)) revert SettingsRefused();
        emit AuthoriserRotated(authoriser, to);
        authoriser = to;
    }

    function payoutOf(bytes16 decisionId) external view returns (Payout memory) {
        return _payouts[decisionId];
    }

    /// @notice What is left of today's cap. A day is a UTC day of the chain's clock.
    function leftToday() external view returns (uint256) {
        return _day == block.timestamp / 1 days ? maxPerDay - _dayTotal : maxPerDay;
    }

    /// @notice EIP-712 digest that the authoriser signs: for this contract on this chain alone.
    function disbursementDigest(Opening calldata opening) public view returns (bytes32) {
        // Computed for each claim: after a fork of the chain the same address lives twice.
        bytes32 domain = keccak256(
            abi.encode(
                DOMAIN_TYPE, keccak256("Showcause disbursement"), keccak256("1"), block.chainid, address(this)
            )
        );
        bytes32 message = keccak256(
            abi.encode(
                DISBURSEMENT_TYPE,
                _logId,
                opening.decisionId,
                opening.payee,
                opening.amount,
                opening.expiry,
                opening.salt
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, message));
    }

    function _countToday(uint256 amount) private {
        uint256 today = block.timestamp / 1 days;
        if (_day != today) {
            _day = today;
            _dayTotal = 0;
        }
        uint256 left = maxPerDay - _dayTotal;
        if (amount > left) revert AmountRefused(amount, left);
        _dayTotal += amount;
    }

    /// State first, then the token, which may call back.
    function _pay(bytes16 decisionId) private {
        Payout storage payout = _payouts[decisionId];
        (address payee, uint256 amount) = (payout.payee, payout.amount);
        payout.status = Status.Paid;
        reserved -= amount;
        uint256 before = token.balanceOf(payee);
        token.safeTransfer(payee, amount);
        if (token.balanceOf(payee) != before + amount) revert TokenMisbehaved();
        emit Paid(decisionId, payee, amount);
    }

    /// What no payout waits for, but for `own` of what is reserved.
    function _free(uint256 own) private view returns (uint256) {
        uint256 balance = token.balanceOf(address(this));
        uint256 others = reserved - own;
        return balance > others ? balance - others : 0;
    }

    /// @return the key that signed, or zero, which is no authoriser
    function _signer(bytes32 digest, bytes calldata signature) private pure returns (address) {
        if (signature.length != 65) return address(0);
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        uint8 v = uint8(signature[64]);
        if (uint256(s) > HALF_ORDER || (v != 27 && v != 28)) return address(0);
        return ecrecover(digest, v, r, s);
    }
}
