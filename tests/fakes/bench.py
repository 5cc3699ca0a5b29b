"""Runs of a benchmark without a model: drawn by a seed, as Run objects and as files.

Arms with the same model, temperature and seed share their samples, as they do in a real run.
"""

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from distinguo.bench import runfile
from distinguo.bench.records import Arm, Facts, Result, RoundGrade, SampleGrade, State, Used
from distinguo.bench.runfile import Run
from distinguo.config import Settings
from distinguo.problem import Program, Test
from distinguo.records import Cluster, Execution, Outcome, Role, Round, Selection, Verdict
from distinguo.store import Store

METHODS: Mapping[str, Mapping[str, Any]] = {
    "zero-shot": {"n": 1, "rounds": 0, "selector": "first"},
    "majority": {"n": 8, "rounds": 0, "selector": "majority"},
    "self-debug": {"n": 1, "rounds": 2, "selector": "first"},
    "sstar": {"n": 8, "rounds": 2, "selector": "sstar", "keep": "last"},
    "distinguo": {"n": 8, "rounds": 2, "selector": "posterior"},
}
_SKILL = {"sstar": 0.75, "distinguo": 0.85, "majority": 0.6}  # share of covered problems where a right one is chosen
_CALLS = {"sstar": 12, "distinguo": 6, "majority": 1}  # of stage 2
_PUBLIC = 3  # tests a problem


def arm(method: str = "sstar", name: str = "", **settings: Any) -> Arm:
    """An arm of one of METHODS with other settings; its name says which, models apart, unless one is given."""
    models = {"model", *Role}
    told = " ".join([method, *(f"{key}={value}" for key, value in settings.items() if key not in models)])
    full = Settings(**{**METHODS[method], **settings}).model_dump(mode="json")
    key = hashlib.sha256(json.dumps([method, full], sort_keys=True).encode()).hexdigest()[:12]
    return Arm(key, name or told, method, full)


def facts(index: int, seed: int = 0) -> Facts:
    """What is known about the problem with this number."""
    draw = random.Random(f"facts/{seed}/{index}")
    return Facts(
        difficulty=draw.choice(["easy", "medium", "hard"]),
        platform=draw.choice(["atcoder", "leetcode"]),
        date=f"2024-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}",
        size=draw.choice(["short", "medium", "long"]),
        errata="its published answer is wrong" if index % 11 == 5 else "",
        public_tests=_PUBLIC,
        hidden_tests=10,
    )


def run(
    arms: Sequence[str | Arm] = ("zero-shot", "majority", "self-debug", "sstar", "distinguo"),
    problems: int | Sequence[str] = 20,
    seed: int = 0,
    *,
    failing: float = 0.0,
    missing: float = 0.0,
    unpriced: bool = False,
    dataset: str = "humaneval",
    path: str | Path = "run.sqlite",
) -> Run:
    """A run. arms: methods' names or Arms. problems: how many, or their ids.

    failing: the share of results whose state is an error or unfinished. missing: the share that there is no result for.
    unpriced: no model's price is known.
    """
    chosen = [arm(one) if isinstance(one, str) else one for one in arms]
    ids = [f"HumanEval/{index}" for index in range(problems)] if isinstance(problems, int) else list(problems)
    results = [
        _result(one, problem, seed, failing, unpriced)
        for one in chosen
        for problem in ids
        if random.Random(f"missing/{seed}/{one.key}/{problem}").random() >= missing
    ]
    return Run(
        path=Path(path),
        dataset=dataset,
        chosen=f"{len(ids)} problems in the data set's order",
        arms={one.key: one for one in chosen},
        facts={problem: facts(_number(problem), seed) for problem in ids},
        results={(one.arm, one.problem): one for one in results},
        sandbox="namespaces, seccomp, Landlock",
        version="0.1.0",
    )


def only(of: Run, problems: Sequence[str], path: str | Path = "part.sqlite") -> Run:
    """The same run on some of its problems, as a shard has it."""
    kept = set(problems)
    return replace(
        of,
        path=Path(path),
        facts={name: told for name, told in of.facts.items() if name in kept},
        results={key: found for key, found in of.results.items() if key[1] in kept},
    )


def write(path: Path, of: Run, *, rounds: bool = True) -> Path:
    """Make the run's file; with `rounds` also the programs and selections of each arm."""
    with Store(path) as store:
        store.set_facts(
            {"bench": {"dataset": of.dataset, "chosen": of.chosen, "sandbox": of.sandbox, "version": of.version}}
        )
        for key, one in of.arms.items():
            store.record(runfile.ARM, key, asdict(one))
        for problem, told in of.facts.items():
            store.record(runfile.PROBLEM, problem, asdict(told))
        for problem, why in of.left_out.items():
            store.record(runfile.LEFT_OUT, problem, {"why": why})
        for (key, problem), found in of.results.items():
            if rounds:
                _keep_rounds(store, of.arms[key], found)
            store.record(runfile.RESULT, f"{key}/{problem}", found.as_dict())
    return path


def source(problem: str, sample: int, index: int, model: str = "local") -> str:
    """The program of a sample's round; what each RoundGrade's digest is of."""
    return f"# {problem}, sample {sample}, round {index}, by {model}\nprint(int(input()) * 2)\n"


def digest(text: str) -> str:
    """As RoundGrade.program has it."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _number(problem: str) -> int:
    tail = problem.rpartition("/")[2]
    return int(tail) if tail.isdigit() else int(digest(problem)[:6], 16)


def _result(one: Arm, problem: str, seed: int, failing: float, unpriced: bool) -> Result:
    settings = one.settings
    draw = random.Random(f"result/{seed}/{one.key}/{problem}")
    if draw.random() < failing:
        state = draw.choice([State.API_ERROR, State.JUDGE_ERROR, State.UNFINISHED])
        return Result(one.key, problem, state, used={"generator": Used(1, 200, 0, 0.5)}, errors=(f"{state} happened",))
    world = f"{seed}/{problem}/{one.model()}/{settings['temperature']}/{settings['seed']}"
    p = random.Random(f"p/{seed}/{problem}/{one.model()}").betavariate(0.5, 1.2)
    samples = [_sample(world, problem, one, index, p) for index in range(settings["n"])]
    right = [sample.sample for sample in samples if sample.right]
    wrong = [sample.sample for sample in samples if not sample.right and sample.kept is not None]
    picks_right = right and (not wrong or draw.random() < _SKILL.get(one.method, 0.5))
    pool = right if picks_right else wrong
    chosen = pool[0] if pool and settings["selector"] == "first" else draw.choice(pool) if pool else None
    generations = sum(len(sample.rounds) for sample in samples)
    debugging = generations - len(samples)
    price = None if unpriced else 1e-5
    used = {
        "generator": _used(len(samples), draw, price),
        **({"debugger": _used(debugging, draw, price)} if debugging else {}),
        **({"judge": _used(_CALLS[one.method], draw, price)} if one.method in _CALLS else {}),
    }
    kept = next((sample for sample in samples if sample.sample == chosen), None)
    return Result(
        one.key,
        problem,
        State.DONE,
        chosen=chosen,
        right=kept is not None and kept.right,
        samples=tuple(samples),
        public_passed=kept.rounds[kept.kept].public if kept and kept.kept is not None else 0,
        clusters=min(len(samples), 1 + len({sample.sample % 3 for sample in samples})),
        reason="" if chosen is None else "it won the comparisons",
        decided_by=("written",) if draw.random() < 0.5 else ("written", "mutated"),
        steps={"inputs": 4, "comparisons": _CALLS.get(one.method, 0)},
        used=used,
        executions=generations * 7,
        execution_seconds=round(generations * 0.05, 3),
        wall_seconds=round(draw.uniform(1, 30), 3),
    )


def _sample(world: str, problem: str, one: Arm, index: int, p: float) -> SampleGrade:
    draw = random.Random(f"sample/{world}/{index}")
    rounds = list[RoundGrade]()
    for number in range(one.settings["rounds"] + 1):
        empty = draw.random() < 0.05
        right = not empty and draw.random() < (p if not number else 0.4 * p + 0.1)
        public = 0 if empty else _PUBLIC if right else draw.choice([0, 1, 2, 2, _PUBLIC])
        verdict = None if empty else Verdict.AC if right else draw.choice([Verdict.WA, Verdict.RTE, Verdict.TLE])
        written = "" if empty else digest(source(problem, index, number, one.model()))
        rounds.append(RoundGrade(written, public, verdict))
        if public == _PUBLIC:
            break
    have = [(grade.public, place) for place, grade in enumerate(rounds) if grade.program]
    kept = None if not have else have[-1][1] if one.settings["keep"] == "last" else max(have)[1]
    return SampleGrade(index, tuple(rounds), kept)


def _used(calls: int, draw: random.Random, price: float | None) -> Used:
    prompt, answer = calls * draw.randrange(200, 900), calls * draw.randrange(50, 400)
    return Used(calls, prompt, answer, round(calls * 1.5, 3), None if price is None else (prompt + 3 * answer) * price)


def _keep_rounds(store: Store, one: Arm, found: Result) -> None:
    tests = [Test(str(number), f"{number}\n", f"{2 * number}\n") for number in range(_PUBLIC)]
    for sample in found.samples:
        for index, grade in enumerate(sample.rounds):
            program = Program(source(found.problem, sample.sample, index, one.model())) if grade.program else None
            verdicts = [Verdict.AC if place < grade.public else Verdict.WA for place in range(_PUBLIC)]
            outcomes = [
                Outcome(test, verdict, Execution(Verdict.AC, test.expected or ""))
                for test, verdict in zip(tests, verdicts, strict=True)
            ]
            told = Round(sample.sample, index, program, tuple(outcomes) if program else ())
            body = asdict(told) | {"passed": told.passed, "finish_reason": "stop"}
            store.record("round", f"{one.key}/{found.problem}/{sample.sample}.{index}", body)
    if found.chosen is not None:
        cluster = Cluster(tuple(sample.sample for sample in found.samples if sample.kept is not None), 1.0)
        selection = Selection(one.settings["selector"], found.chosen, (cluster,), found.reason, dict(found.steps))
        store.record("selection", f"{one.key}/{found.problem}", asdict(selection))
