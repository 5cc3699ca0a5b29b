"""Programs on the published packages: right ones are accepted on every sample and secret test, broken ones are not."""

import os
import shutil
from dataclasses import replace

import pytest
from fakes.published import published

from distinguo import checkers, datasets, judge
from distinguo.datasets import Loaded
from distinguo.problem import Limits, Program, Test
from distinguo.protocols import Executor
from distinguo.records import Verdict
from distinguo.tasks import all_of

ALL = bool(os.environ.get("DISTINGUO_TEST_ALL"))

CASES = "for case in range(1, int(input()) + 1):\n    print(f'Case #{case}:', solve())\n"

NESTING = """
def solve():
    text, depth = "", 0
    for digit in map(int, input()):
        text += "(" * (digit - depth) + ")" * (depth - digit) + str(digit)
        depth = digit
    return text + ")" * depth
"""

EVEN_DIGITS = """
def solve():
    text = input().strip()
    first = next((i for i, digit in enumerate(text) if int(digit) % 2), None)
    if first is None:
        return 0
    number, digit, rest = int(text), int(text[first]), len(text) - first - 1
    head = text[:first]
    below = int(head + str(digit - 1) + "8" * rest)
    if digit == 9:
        return number - below
    return min(number - below, int(head + str(digit + 1) + "0" * rest) - number)
"""

MURAL = """
def solve():
    cj, jc, text = input().split()
    price = {"CJ": int(cj), "JC": int(jc)}
    best = {letter: 0 for letter in "CJ" if text[0] in ("?", letter)}
    for place in text[1:]:
        best = {
            letter: min(cost + price.get(before + letter, 0) for before, cost in best.items())
            for letter in "CJ" if place in ("?", letter)
        }
    return min(best.values())
"""

PANCAKES = """
def largest(holds):
    low, high = 0, 1
    while holds(high):
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low

def solve():
    left, right = map(int, input().split())
    apart = abs(left - right)
    first = largest(lambda n: n * (n + 1) // 2 <= apart)
    if left >= right:
        left -= first * (first + 1) // 2
    else:
        right -= first * (first + 1) // 2
    one, other = (left, right) if left >= right else (right, left)
    a = largest(lambda n: n * (first + 1) + n * (n - 1) <= one)
    b = largest(lambda n: n * (first + 2) + n * (n - 1) <= other)
    one -= a * (first + 1) + a * (a - 1)
    other -= b * (first + 2) + b * (b - 1)
    total = first + a + b
    return f"{total} {one} {other}" if left >= right else f"{total} {other} {one}"
"""

ROBOT = """
from math import exp, lgamma, log
def solve():
    width, height, left, up, right, down = map(int, input().split())
    def path(x, y):
        # the chance to pass one of the squares on the diagonal beside a corner of the hole
        return exp(lgamma(x + y - 1) - lgamma(x) - lgamma(y) - (x + y - 2) * log(2))
    chance = 0.0
    x, y = left - 1, down + 1
    while x >= 1 and y <= height:
        chance += path(x, y) if y < height else 0
        if y == height:
            chance += sum(path(k, height - 1) / 2 for k in range(1, x + 1)) if height > 1 else 1
        x, y = x - 1, y + 1
    x, y = right + 1, up - 1
    while y >= 1 and x <= width:
        chance += path(x, y) if x < width else 0
        if x == width:
            chance += sum(path(width - 1, k) / 2 for k in range(1, y + 1)) if width > 1 else 1
        x, y = x + 1, y - 1
    return chance
"""

REVERSORT = """
def solve():
    size, cost = map(int, input().split())
    if not size - 1 <= cost <= size * (size + 1) // 2 - 1:
        return "IMPOSSIBLE"
    spare, lengths = cost - (size - 1), []
    for place in range(size - 1):
        extra = min(spare, size - 1 - place)
        spare -= extra
        lengths.append(extra + 1)
    numbers = list(range(1, size + 1))
    for place in reversed(range(size - 1)):
        numbers[place:place + lengths[place]] = numbers[place:place + lengths[place]][::-1]
    return " ".join(map(str, numbers))
"""

REFERENCES = {
    "nesting_depth": NESTING,
    "even_digits": EVEN_DIGITS,
    "moons_and_umbrellas": MURAL,
    "incremental_house_of_pancakes": PANCAKES,
    "wandering_robot": ROBOT,
}

BROKEN = [
    ("nesting_depth", NESTING.replace('+ ")" * depth', ""), Verdict.WA),
    (
        "nesting_depth",
        NESTING.replace("digit in map", "digit in list(map").replace("input()):", "input()))[:-1]:"),
        Verdict.WA,
    ),
    ("even_digits", EVEN_DIGITS.replace("- below, int(", "- below, 1 + int("), Verdict.WA),
    ("even_digits", EVEN_DIGITS.replace("if first is None", "if first == -1"), Verdict.RTE),
    ("moons_and_umbrellas", MURAL.replace("int(jc)", "int(cj)"), Verdict.WA),
    ("moons_and_umbrellas", MURAL + "\nimport itertools\nfor _ in itertools.count():\n    pass\n", Verdict.TLE),
    (
        "incremental_house_of_pancakes",  # numbers that a float cannot tell apart
        PANCAKES.replace("map(int, input().split())", "(int(float(word)) for word in input().split())"),
        Verdict.WA,
    ),
    ("incremental_house_of_pancakes", PANCAKES.replace("high *= 2", "high += 1"), Verdict.TLE),
    ("wandering_robot", ROBOT.replace("return chance", "return round(chance, 3)"), Verdict.WA),
    ("wandering_robot", ROBOT.replace("lgamma(x + y - 1)", "lgamma(x - y)"), Verdict.RTE),
]

VALIDATOR = """
import sys

def reversort(numbers):
    cost = 0
    for i in range(len(numbers) - 1):
        j = numbers.index(min(numbers[i:]))
        cost += j - i + 1
        numbers[i:j + 1] = numbers[i:j + 1][::-1]
    return cost

def wrong(why):
    with open(sys.argv[3] + "/judgemessage.txt", "w") as file:
        file.write(why)
    sys.exit(43)

cases = [tuple(map(int, line.split())) for line in open(sys.argv[1])][1:]
answers = open(sys.argv[2]).read().split("\\n")
lines = [line for line in sys.stdin.read().split("\\n") if line.strip()]
if len(lines) != len(cases):
    wrong(f"{len(lines)} lines for {len(cases)} cases")
for number, ((size, cost), line, answer) in enumerate(zip(cases, lines, answers), 1):
    words = line.split()
    if words[:2] != ["Case", f"#{number}:"]:
        wrong(f"case {number}: no label")
    if words[2:] == ["IMPOSSIBLE"] or answer.endswith("IMPOSSIBLE"):
        if words[2:] != answer.split()[2:]:
            wrong(f"case {number}: whether it is possible")
        continue
    if sorted(words[2:], key=lambda word: (len(word), word)) != [str(k + 1) for k in range(size)]:
        wrong(f"case {number}: no permutation")
    if reversort(list(map(int, words[2:]))) != cost:
        wrong(f"case {number}: another cost")
sys.exit(42)
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> datasets.DataSet:
    """The published packages, with an output validator for the one that lacks it."""
    folder = tmp_path_factory.mktemp("packages") / "kattis"
    shutil.copytree(published("kattis"), folder)
    [lacking] = folder.glob("*reversort_engineering")
    (lacking / "output_validators").mkdir()
    (lacking / "output_validators" / "validate.py").write_text(VALIDATOR)
    return datasets.open(str(folder))


async def verdicts(source: str, loaded: Loaded, box: Executor) -> dict[str, tuple[Verdict, str]]:
    problem, hidden = loaded
    assert hidden is not None
    program = Program(source + CASES)

    async def one(test: Test) -> tuple[Verdict, str]:
        return await judge.verdict(problem, test, await box.run(program, test.input, problem.limits), box)

    tests = [*problem.public_tests, *hidden.tests]
    if loaded.problem.id.endswith("wandering_robot") and not ALL:
        tests.pop()  # ten seconds of floating point
    return dict(zip([test.name for test in tests], await all_of(map(one, tests)), strict=True))


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.asyncio(loop_scope="session")
async def test_a_reference_solution_is_accepted(packages: datasets.DataSet, box: Executor, name: str) -> None:
    found = await verdicts(REFERENCES[name], packages.get(name), box)
    assert {test: verdict for test, verdict in found.items() if verdict[0] is not Verdict.AC} == {}
    assert len(found) >= 2


@pytest.mark.parametrize("name,source,expected", BROKEN)
@pytest.mark.asyncio(loop_scope="session")
async def test_a_broken_solution_is_not(
    packages: datasets.DataSet, box: Executor, name: str, source: str, expected: Verdict
) -> None:
    problem, hidden = packages.get(name)
    problem = replace(problem, limits=Limits(0.3, 3.0, 512)) if expected is Verdict.TLE else problem
    found = await verdicts(source, Loaded(problem, hidden), box)
    assert expected in {verdict for verdict, _ in found.values()}
    assert all(detail for verdict, detail in found.values() if verdict is not Verdict.AC)


@pytest.mark.asyncio(loop_scope="session")
async def test_large_integers_are_told_apart(packages: datasets.DataSet, box: Executor) -> None:
    """Off by one pancake of 10**18: within 1e-6 of the answer, and wrong."""
    loaded = packages.get("incremental_house_of_pancakes")
    answers = {test.input: test.expected for test in loaded.hidden.tests} if loaded.hidden else {}
    large = max(answers, key=len)
    expected = answers[large] or ""
    first, _, rest = expected.partition("\n")
    head, _, last = first.rpartition(" ")
    off = f"{head} {int(last) + 1}\n{rest}"
    checker = checkers.get(loaded.problem.checker)
    assert checker.accepts(expected, expected)
    assert not checker.accepts(off, expected)
    assert not checker.accepts("Case #1: 1000000000000000001", "Case #1: 1000000000000000000")


# --- many right answers


@pytest.mark.asyncio(loop_scope="session")
async def test_a_validator_accepts_any_right_answer(packages: datasets.DataSet, box: Executor) -> None:
    loaded = packages.get("reversort_engineering")
    assert loaded.problem.validator is not None
    found = await verdicts(REVERSORT, loaded, box)
    assert {test: verdict for test, verdict in found.items() if verdict[0] is not Verdict.AC} == {}
    other = REVERSORT.replace('return " ".join', 'return "  ".join')
    assert {verdict for verdict, _ in (await verdicts(other, loaded, box)).values()} == {Verdict.AC}
    outputs = [await box.run(Program(REVERSORT + CASES), test.input) for test in loaded.problem.public_tests]
    assert [run.output.split() for run in outputs] != [
        (test.expected or "").split() for test in loaded.problem.public_tests
    ]


@pytest.mark.parametrize(
    "old,new,expected,told",
    [
        ("extra + 1", "extra + 2", Verdict.WA, "case "),
        ('return "IMPOSSIBLE"', "return 1", Verdict.WA, "case "),
        ('return " ".join(map(str, numbers))', "return 'IMPOSSIBLE'", Verdict.WA, "whether it is possible"),
        ("for place in reversed", "for place in map(reversed", Verdict.CE, "SyntaxError"),
        ("numbers = list(", "numbers = tuple(", Verdict.RTE, "TypeError"),
    ],
)
@pytest.mark.asyncio(loop_scope="session")
async def test_a_validator_rejects_with_a_reason(
    packages: datasets.DataSet, box: Executor, old: str, new: str, expected: Verdict, told: str
) -> None:
    assert old in REVERSORT
    found = await verdicts(REVERSORT.replace(old, new), packages.get("reversort_engineering"), box)
    wrong = [detail for verdict, detail in found.values() if verdict is expected]
    assert wrong
    assert all(told in detail for detail in wrong)
