// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {LogHead} from "LogHead.sol";
import {Rfc9162} from "Rfc9162.sol";
import {Rfc9162Literal} from "Rfc9162Literal.sol";
import {ShowcauseLog} from "ShowcauseLog.sol";
import {ShowcauseLogSuccessor} from "ShowcauseLogSuccessor.sol";

/// Of Halmos and Foundry.
interface Vm {
    function prank(address) external;
    function assume(bool) external;
    function warp(uint256) external;
    function store(address, bytes32, bytes32) external;
    function load(address, bytes32) external returns (bytes32);
    function etch(address, bytes calldata) external;
}

/// @title Stands for SHA-256
/// @dev Halmos knows keccak256 as a function without collisions and nothing else of it, which is all that a proof needs of its hash.
contract HashModel {
    fallback() external {
        assembly {
            calldatacopy(0, 0, calldatasize())
            mstore(0, keccak256(0, calldatasize()))
            // The constructor's known answer, for "abc".
            if eq(calldatasize(), 3) { mstore(0, 0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad) }
            return(0, 32)
        }
    }
}

/// @title What holds for every caller and every argument, shown by symbolic execution
/// @dev SHA-256 is asked for at HASH, by ours and by the literal transcription. ECRECOVER is a function of which nothing is known.
contract Properties {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    bytes32 private constant LOG_ID = bytes32(uint256(0x1d));
    address private constant OPERATOR = address(0x1001);
    address private constant COUNTERSIGNER = address(0x1002);
    address private constant GUARDIAN = address(0x1003);
    address private constant TIMELOCK = address(0x1004);
    bytes32 private constant SLOT_ROOT = bytes32(uint256(0));
    bytes32 private constant SLOT_PACKED = bytes32(uint256(1));
    bytes32 private constant SLOT_COUNTERSIGNER = bytes32(uint256(2));
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    address private constant HASH = 0x4242424242424242424242424242424242424242;

    ShowcauseLog private log;

    struct Step {
        uint64 size;
        bytes32 root;
        bytes32 node;
        bytes32 r;
        bytes32 vs;
    }

    function setUp() public {
        vm.etch(HASH, type(HashModel).runtimeCode);
        log = new ShowcauseLog(LOG_ID, OPERATOR, COUNTERSIGNER, GUARDIAN, TIMELOCK);
    }

    function check_onlyTheOperatorAdvances(address who, Step memory step) external {
        vm.assume(who != OPERATOR);
        assert(!advance(who, step));
    }

    function check_sizesFrom2To48OnAreRefused(Step memory step) external {
        vm.assume(step.size >= 2 ** 48);
        // From here one hash is a whole proof to 2^48.
        packed(2 ** 47, 0, OPERATOR, 0);
        assert(!advance(OPERATOR, step));
    }

    function check_theSizeGrows(bytes32 held, bytes32 other, Step memory step) external {
        vm.assume(step.size <= 3);
        packed(3, 0, OPERATOR, 0);
        vm.store(address(log), SLOT_ROOT, held);
        bytes32[] memory proof = new bytes32[](2);
        (proof[0], proof[1]) = (step.node, other);
        assert(!advanceWith(OPERATOR, step, proof));
    }

    function check_anAcceptedHeadIsTheOneSignedByTheCountersigner(bytes32 root, bytes32 node, bytes32 r, bytes32 vs)
        external
    {
        Step memory step = Step(2, root, node, r, vs);
        bytes32 message = keccak256(
            abi.encode(keccak256("Checkpoint(uint64 oldSize,uint64 size,bytes32 root)"), uint64(1), step.size, root)
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", log.domainSeparator(), message));
        uint256 s = uint256(vs) & (2 ** 255 - 1);
        if (!advance(OPERATOR, step)) return;
        assert(s <= HALF_ORDER);
        assert(ecrecover(digest, uint8(27 + (uint256(vs) >> 255)), r, bytes32(s)) == COUNTERSIGNER);
        assert(keccak256(abi.encodePacked(hex"01", LOG_ID, node)) == root);
    }

    function check_anAcceptedHeadIsStoredAndNothingElse(bool halted, bytes32 root, bytes32 node, bytes32 r, bytes32 vs)
        external
    {
        packed(1, 7, OPERATOR, halted ? 1 : 0);
        bytes32 countersigner = vm.load(address(log), SLOT_COUNTERSIGNER);
        vm.warp(99);
        if (!advance(OPERATOR, Step(2, root, node, r, vs))) return;
        assert(vm.load(address(log), SLOT_ROOT) == root);
        assert(vm.load(address(log), SLOT_PACKED) == word(2, 99, OPERATOR, halted ? 1 : 0));
        assert(vm.load(address(log), SLOT_COUNTERSIGNER) == countersigner);
    }

    function check_aFreezeStopsAnchoring(uint40 until, uint40 time, bool halted, Step memory step) external {
        vm.assume(time < until);
        packed(1, 0, OPERATOR, halted ? 3 : 2);
        vm.store(address(log), SLOT_COUNTERSIGNER, bytes32(uint256(until) << 160 | uint160(COUNTERSIGNER)));
        vm.warp(time);
        assert(!advance(OPERATOR, step));
    }

    function check_aGuardiansFreezeExpires(uint32 time) external {
        vm.warp(time);
        vm.prank(GUARDIAN);
        log.freeze();
        assert(log.frozenUntil() == uint64(time) + 7 days);
        (,,, uint8 flags) = log.head();
        assert(flags == 2);
        vm.warp(uint256(time) + 7 days);
        (,,, flags) = log.head();
        assert(flags == 0);
    }

    function check_onlyTheGuardianHalts(address who) external {
        vm.assume(who != GUARDIAN);
        assert(!called(who, abi.encodeCall(log.halt, ())));
    }

    function check_onlyGuardianAndTimelockFreeze(address who) external {
        vm.assume(who != GUARDIAN && who != TIMELOCK);
        assert(!called(who, abi.encodeCall(log.freeze, ())));
    }

    function check_onlyTheTimelockGoverns(address who, address to) external {
        vm.assume(who != TIMELOCK);
        assert(!called(who, abi.encodeCall(log.resume, ())));
        assert(!called(who, abi.encodeCall(log.unfreeze, ())));
        assert(!called(who, abi.encodeCall(log.rotateOperator, (to))));
        assert(!called(who, abi.encodeCall(log.rotateCountersigner, (to))));
        assert(!called(who, abi.encodeCall(log.rotateGuardian, (to))));
    }

    function check_haltingChangesOneBit(uint48 size, uint40 time, address operator, uint8 flags) external {
        packed(size, time, operator, flags);
        assert(called(GUARDIAN, abi.encodeCall(log.halt, ())));
        assert(vm.load(address(log), SLOT_PACKED) == word(size, time, operator, flags | 1));
    }

    function check_rotationKeepsTheHead(uint48 size, uint40 time, uint8 flags, address to) external {
        packed(size, time, OPERATOR, flags);
        if (!called(TIMELOCK, abi.encodeCall(log.rotateOperator, (to)))) return;
        assert(to != COUNTERSIGNER && to != address(0));
        assert(vm.load(address(log), SLOT_PACKED) == word(size, time, to, flags));
        assert(vm.load(address(log), SLOT_ROOT) == LOG_ID);
    }

    function check_aForkedSuccessorCannotBeDeployed(bytes32 root) external {
        vm.assume(root != LOG_ID);
        LogHead.Roles memory roles = LogHead.Roles(OPERATOR, COUNTERSIGNER, GUARDIAN, TIMELOCK);
        try new ShowcauseLogSuccessor(log, 1, root, new bytes32[](0), roles) {
            assert(false);
        } catch {}
    }

    /// Old and new size and length of the proof are one of these cases, all hashes are any.
    function check_consistencyIsThatOfRfc9162(uint8 which, bytes32 oldRoot, bytes32 newRoot, bytes32[4] memory nodes)
        external
        view
    {
        if (which == 0) sameConsistency(1, 2, oldRoot, newRoot, nodes, 1);
        if (which == 1) sameConsistency(2, 3, oldRoot, newRoot, nodes, 1);
        if (which == 2) sameConsistency(3, 4, oldRoot, newRoot, nodes, 3);
        if (which == 3) sameConsistency(3, 5, oldRoot, newRoot, nodes, 4);
        if (which == 4) sameConsistency(3, 4, oldRoot, newRoot, nodes, 2);
        if (which == 5) sameConsistency(5, 7, oldRoot, newRoot, nodes, 4);
        if (which == 6) sameConsistency(6, 7, oldRoot, newRoot, nodes, 3);
        if (which == 7) sameConsistency(4, 7, oldRoot, newRoot, nodes, 1);
        if (which == 8) sameConsistency(2, 8, oldRoot, newRoot, nodes, 2);
    }

    function sameConsistency(
        uint256 m,
        uint256 n,
        bytes32 oldRoot,
        bytes32 newRoot,
        bytes32[4] memory nodes,
        uint256 length
    ) private view {
        bytes32[] memory proof = new bytes32[](length);
        for (uint256 i = 0; i < length; ++i) {
            proof[i] = nodes[i];
        }
        bool ours = Rfc9162.verifyConsistency(m, oldRoot, n, newRoot, proof);
        assert(ours == Rfc9162Literal.consistency(m, oldRoot, n, newRoot, proof));
    }

    function advance(address who, Step memory step) private returns (bool) {
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = step.node;
        return advanceWith(who, step, proof);
    }

    function advanceWith(address who, Step memory step, bytes32[] memory proof) private returns (bool) {
        return called(who, abi.encodeCall(log.advance, (step.size, step.root, proof, step.r, step.vs)));
    }

    function called(address who, bytes memory data) private returns (bool ok) {
        vm.prank(who);
        (ok,) = address(log).call(data);
    }

    function packed(uint48 size, uint40 time, address operator, uint8 flags) private {
        vm.store(address(log), SLOT_PACKED, word(size, time, operator, flags));
    }

    function word(uint48 size, uint40 time, address operator, uint8 flags) private pure returns (bytes32) {
        return bytes32(uint256(flags) << 248 | uint256(uint160(operator)) << 88 | uint256(time) << 48 | size);
    }
}
