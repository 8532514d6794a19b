// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title An ERC-20 as the world has them: one that does what it says, and the ways in which others do not
contract TestToken {
    enum Manner {
        Honest,
        TakesFee,
        AnswersFalse,
        AnswersNothing,
        MovesNothing,
        Blocks,
        CallsBack
    }

    mapping(address owner => uint256) public balanceOf;
    Manner private _manner;
    address private _target;
    bytes private _call;
    bool private _inside;
    /// What came of calling back: 1 it succeeded, 2 it was refused.
    uint8 public calledBack;

    error Blocked();

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    /// @param target who is blocked, or called back with `data`
    function behave(Manner manner, address target, bytes calldata data) external {
        _manner = manner;
        _target = target;
        _call = data;
    }

    // Returns by hand: a real token may return true, false or nothing.
    function transfer(address to, uint256 amount) external {
        Manner manner = _manner;
        if (manner == Manner.AnswersFalse) _answer(0);
        if (manner == Manner.MovesNothing) _answer(1);
        if (manner == Manner.Blocks && to == _target) revert Blocked();
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += manner == Manner.TakesFee ? amount - amount / 100 : amount;
        if (manner == Manner.CallsBack && !_inside) {
            _inside = true;
            (bool ok,) = _target.call(_call);
            calledBack = ok ? 1 : 2;
            _inside = false;
        }
        if (manner != Manner.AnswersNothing) _answer(1);
    }

    function _answer(uint256 value) private pure {
        assembly ("memory-safe") {
            mstore(0x00, value)
            return(0x00, 0x20)
        }
    }
}
