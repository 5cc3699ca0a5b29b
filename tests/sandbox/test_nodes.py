"""LeetCode's nodes inside: programs find their classes, get them as arguments and give them back."""

from collections.abc import AsyncIterator

import pytest

from distinguo import sandbox
from distinguo.errors import SandboxUnavailable
from distinguo.problem import CallStyle, Program
from distinguo.protocols import Executor
from distinguo.records import Verdict

PROGRAM = """
class Solution:
    def reverse(self, head: Optional[ListNode]) -> Optional[ListNode]:
        done = None
        while head:
            head.next, done, head = done, head, head.next
        return done

    def mirror(self, root: TreeNode | None):
        if root:
            root.left, root.right = self.mirror(root.right), self.mirror(root.left)
        return root

    def chain(self, n):
        head = None
        for number in range(n):
            head = ListNode(number, head)
        return [head, TreeNode(1, TreeNode(), None)]

    def alike(self, one, other):
        return one == other, one == one, len({one, other}), isinstance(one, ListNode)

    def endless(self, head):
        head.next = head
        return head
"""


@pytest.fixture
async def box() -> AsyncIterator[Executor]:
    try:
        async with sandbox.open(workers=1) as executor:
            yield executor
    except SandboxUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    "method,given,returned",
    [
        ("reverse", "(ListNode([1, 2, 3]),)", "ListNode([3, 2, 1])"),
        ("reverse", "(None,)", "None"),
        ("mirror", "(TreeNode([1, 2, 3, None, 4]),)", "TreeNode([1, 3, 2, None, None, 4])"),
        ("chain", "(3,)", "[ListNode([2, 1, 0]), TreeNode([1, 0])]"),
        ("alike", "(ListNode([1]), ListNode([1]))", "(False, True, 2, True)"),
        ("endless", "(ListNode([1]),)", "<object of type ListNode>"),
    ],
)
async def test_nodes_go_in_and_come_out(box: Executor, method: str, given: str, returned: str) -> None:
    program = Program("from typing import *\n" + PROGRAM, CallStyle.FUNCTION, f"Solution.{method}")
    run = await box.run(program, given)
    assert (run.status, run.output, run.error) == (Verdict.AC, returned, "")
    several = await box.run_calls(program, [given, given])
    assert [called.value for called in several.called] == [returned, returned]


async def test_nodes_that_a_call_changes_are_reported(box: Executor) -> None:
    program = Program("from typing import *\n" + PROGRAM, CallStyle.FUNCTION, "Solution.reverse")
    [called] = (await box.run_calls(program, ["(ListNode([1, 2]),)"])).called
    assert called.arguments == "(ListNode([1]),)"


async def test_a_plain_function_finds_no_such_classes(box: Executor) -> None:
    program = Program("def f(x):\n    return ListNode(x)\n", CallStyle.FUNCTION, "f")
    run = await box.run(program, "(1,)")
    assert run.status is Verdict.RTE
    assert "name 'ListNode' is not defined" in run.error


async def test_a_program_may_bring_its_own_class(box: Executor) -> None:
    own = "class ListNode:\n    def __init__(self, x):\n        self.val, self.next = x, None\n"
    program = Program(own + "def f(head):\n    return ListNode(head.val + 1)\n", CallStyle.FUNCTION, "f")
    assert (await box.run(program, "(ListNode([1]),)")).output == "ListNode([2])"
