// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IGuardedLog} from "./IShowcauseLog.sol";
import {LogInclusion} from "./LogInclusion.sol";

/// @title Halts a log when the log itself shows a broken rule
/// @notice It holds the log's guardian role, so that anybody who can show a breach halts: no key, no permission. A person
/// whom the constructor names can halt and freeze through it. What it proves is arithmetic on an entry that is in the log;
/// that the counts in it are true, only a recomputation from the decisions shows.
contract RuleGuard {
    /// One group's decisions in a period. `other` is neither: withdrawn, referred, ended by an error.
    struct Counts {
        uint32 approved;
        uint32 declined;
        uint32 other;
    }

    /// What a metrics entry committed to (spec/typed-entries.md).
    struct Metrics {
        /// Unix seconds
        uint64 start;
        uint32 length;
        bytes32 salt;
        /// 1 to 16
        Counts[] groups;
    }

    /// A metrics entry as it stands in the log, without what it commits to.
    struct Logged {
        uint32 length;
        bytes32 commitment;
        /// of its leaf, from 0
        uint64 index;
    }

    bytes16 private constant TAG = "metrics";
    bytes16 private constant LABEL = "showcause/met/v1";
    uint256 private constant MAX_GROUPS = 16;
    uint256 private constant BASIS_POINTS = 10_000;

    /// Rules, as events and the key of a breach name them.
    uint8 public constant UNFAIR = 1;
    uint8 public constant CONTRADICTED = 2;
    uint8 public constant SILENT = 3;

    IGuardedLog public immutable log;
    /// May halt and freeze without showing anything; zero: nobody.
    address public immutable guardian;
    /// Least share of another group's approval rate, in basis points.
    uint16 public immutable thresholdBps;
    /// A group with fewer decisions than this in a period is too small to say anything.
    uint32 public immutable minDecided;
    /// Longest time without an advance, in seconds; 0: no such rule.
    uint32 public immutable maxSilence;

    bytes32 private immutable _logId;

    /// Breaches that have halted already, by rule and period.
    mapping(bytes32 breach => bool) private _counted;

    event Breach(uint8 indexed rule, uint64 indexed period, address by);

    /// The caller is not the guardian.
    error NotAuthorized(address caller);
    /// A rule that can never be met, or none at all.
    error RuleRefused();
    /// The numbers do not break the rule.
    error NoBreach();
    /// One of the groups has too few decisions, or is not there.
    error TooFew(uint256 group);
    /// The period is not over.
    error NotOver(uint64 end);
    /// The period ended before consumers were last resumed: it was judged then.
    error Judged(uint64 end, uint64 resumedAt);
    /// This rule was counted for this period already.
    error AlreadyCounted();
    /// The log is halted already.
    error AlreadyHalted();

    /// @param log_ names this contract as its guardian
    /// @param thresholdBps_ 1 to 10,000; 8,000 is the four-fifths rule
    /// @param minDecided_ at least 1
    constructor(IGuardedLog log_, address guardian_, uint16 thresholdBps_, uint32 minDecided_, uint32 maxSilence_) {
        if (thresholdBps_ == 0 || thresholdBps_ > BASIS_POINTS || minDecided_ == 0) revert RuleRefused();
        log = log_;
        _logId = log_.logId();
        guardian = guardian_;
        thresholdBps = thresholdBps_;
        minDecided = minDecided_;
        maxSilence = maxSilence_;
    }

    /// @notice Halts when group `low` was approved at less than the threshold's share of group `high`'s rate.
    /// @param metrics what the entry at `index` committed to
    /// @param proof inclusion proof of that entry to the head that the log holds now
    function reportUnfair(
        Metrics calldata metrics,
        uint256 low,
        uint256 high,
        uint64 index,
        bytes32[] calldata proof
    ) external {
        bytes memory entry = _entry(metrics.start, metrics.length, _commitment(metrics));
        LogInclusion.requireLogged(log, TAG, entry, index, proof);
        (uint256 lowApproved, uint256 lowDecided) = _group(metrics.groups, low);
        (uint256 highApproved, uint256 highDecided) = _group(metrics.groups, high);
        // Without a division: nothing is rounded, and the factors are below 2^33 and 2^14.
        if (lowApproved * highDecided * BASIS_POINTS >= thresholdBps * highApproved * lowDecided) revert NoBreach();
        _breach(UNFAIR, metrics.start, _end(metrics.start, metrics.length));
    }

    /// @notice Halts when two metrics entries say different things of periods that begin at the same time.
    function reportContradiction(
        uint64 start,
        Logged calldata one,
        Logged calldata other,
        bytes32[] calldata oneProof,
        bytes32[] calldata otherProof
    ) external {
        // The same bytes twice contradict nothing.
        if (one.commitment == other.commitment && one.length == other.length) revert NoBreach();
        LogInclusion.requireLogged(log, TAG, _entry(start, one.length, one.commitment), one.index, oneProof);
        LogInclusion.requireLogged(log, TAG, _entry(start, other.length, other.commitment), other.index, otherProof);
        uint64 oneEnd = _end(start, one.length);
        uint64 otherEnd = _end(start, other.length);
        _breach(CONTRADICTED, start, oneEnd > otherEnd ? oneEnd : otherEnd);
    }

    /// @notice Halts when the log has not advanced for longer than `maxSilence`.
    function reportSilence() external {
        (,, uint64 lastAdvance,) = log.head();
        if (maxSilence == 0 || block.timestamp <= uint256(lastAdvance) + maxSilence) revert NoBreach();
        // A resume gives the log its time once more.
        uint64 resumedAt = log.resumedAt();
        if (resumedAt > lastAdvance && block.timestamp <= uint256(resumedAt) + maxSilence) {
            revert Judged(lastAdvance, resumedAt);
        }
        _halt(SILENT, resumedAt > lastAdvance ? resumedAt : lastAdvance);
    }

    /// @notice Halts for a reason that no rule knows.
    function halt() external {
        _onlyGuardian();
        log.halt();
    }

    /// @notice Stops anchoring for the log's own time of a freeze.
    function freeze() external {
        _onlyGuardian();
        log.freeze();
    }

    /// @notice Whether a rule has halted the log for this period already.
    /// @param period start of the period; for silence, the advance or resume that it counts from
    function counted(uint8 rule, uint64 period) external view returns (bool) {
        return _counted[_key(rule, period)];
    }

    function _breach(uint8 rule, uint64 period, uint64 end) private {
        if (end > block.timestamp) revert NotOver(end);
        uint64 resumedAt = log.resumedAt();
        if (end <= resumedAt) revert Judged(end, resumedAt);
        _halt(rule, period);
    }

    function _halt(uint8 rule, uint64 period) private {
        if (log.halted()) revert AlreadyHalted();
        bytes32 key = _key(rule, period);
        if (_counted[key]) revert AlreadyCounted();
        _counted[key] = true;
        emit Breach(rule, period, msg.sender);
        log.halt();
    }

    function _group(Counts[] calldata groups, uint256 which) private view returns (uint256 approved, uint256 decided) {
        if (which >= groups.length) revert TooFew(which);
        approved = groups[which].approved;
        decided = approved + groups[which].declined;
        if (decided < minDecided) revert TooFew(which);
    }

    function _commitment(Metrics calldata metrics) private view returns (bytes32) {
        Counts[] calldata groups = metrics.groups;
        if (groups.length == 0 || groups.length > MAX_GROUPS) revert TooFew(groups.length);
        bytes memory counts;
        for (uint256 i = 0; i < groups.length; i++) {
            counts = abi.encodePacked(counts, groups[i].approved, groups[i].declined, groups[i].other);
        }
        return sha256(
            abi.encodePacked(
                LABEL, _logId, metrics.start, metrics.length, metrics.salt, uint8(groups.length), counts
            )
        );
    }

    function _entry(uint64 start, uint32 length, bytes32 commitment) private view returns (bytes memory) {
        return abi.encodePacked(TAG, _logId, start, length, commitment);
    }

    /// A start that no clock shows would wrap round: it is never over instead.
    function _end(uint64 start, uint32 length) private pure returns (uint64) {
        return start > type(uint64).max - length ? type(uint64).max : start + length;
    }

    function _key(uint8 rule, uint64 period) private pure returns (bytes32) {
        return bytes32(uint256(rule) << 64 | period);
    }

    function _onlyGuardian() private view {
        if (msg.sender != guardian) revert NotAuthorized(msg.sender);
    }
}
