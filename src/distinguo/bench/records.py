"""What a run of a benchmark comes to: one record for each arm and problem, from which every figure is computed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from distinguo.records import Role, Verdict


class State(StrEnum):
    """How far an arm came with a problem. Only `done` counts as completed; the same command tries the others again."""

    DONE = "done"
    API_ERROR = "api error"  # calls failed, or the model was not to be had
    JUDGE_ERROR = "judge error"  # the sandbox failed, or a program has no verdict on the hidden tests
    UNFINISHED = "unfinished"  # a budget ended it, or it was never begun


@dataclass(frozen=True, slots=True)
class Arm:
    """A method with its models and settings: a row of a report.

    key: twelve hexadecimal digits, equal for equal answer-shaping settings. name: the method's name, with what was set
    otherwise behind it (`sstar n=8`). method: the preset's name. settings: every field of config.Settings.
    """

    key: str
    name: str
    method: str
    settings: dict[str, Any]

    def model(self, role: Role = Role.GENERATOR) -> str:
        """The model in a role."""
        own = None if role is Role.GENERATOR else self.settings.get(role.value)
        return str(own or self.settings["model"])


@dataclass(frozen=True, slots=True)
class Facts:
    """What reports group problems by; "" where a data set does not say. `size` is that of the reference solution.

    errata: why figures are also shown without this problem, or "". public_tests, hidden_tests: how many there are; test
    code counts as one.
    """

    difficulty: str = ""
    platform: str = ""
    date: str = ""  # ISO 8601
    size: str = ""
    errata: str = ""
    public_tests: int = 0
    hidden_tests: int = 0


@dataclass(frozen=True, slots=True)
class Used:
    """What an arm used on a problem, as if it had been run alone: answers that another arm had paid for count too.

    seconds: the calls' own durations, summed. usd: None where a model's price is unknown.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    usd: float | None = 0.0

    def __add__(self, other: "Used") -> "Used":
        return Used(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.seconds + other.seconds,
            None if self.usd is None or other.usd is None else self.usd + other.usd,
        )


@dataclass(frozen=True, slots=True)
class RoundGrade:
    """One generation of a sample. program: the first 16 digits of its source's SHA-256, "" without one.

    public: public tests passed. verdict: on the hidden tests; None without a program, or where there is no verdict.
    """

    program: str
    public: int
    verdict: Verdict | None

    @property
    def right(self) -> bool:
        """Whether its program passes the hidden tests."""
        return self.verdict is Verdict.AC


@dataclass(frozen=True, slots=True)
class SampleGrade:
    """A sample's rounds, the draft first. kept: the round whose program stands for it, None without one."""

    sample: int
    rounds: tuple[RoundGrade, ...]
    kept: int | None

    @property
    def draft_right(self) -> bool:
        """Whether the first draft is right."""
        return bool(self.rounds) and self.rounds[0].right

    @property
    def right(self) -> bool:
        """Whether the program that stands for it is right."""
        return self.kept is not None and self.rounds[self.kept].right

    def right_after(self, rounds: int, *, keep: str) -> bool:
        """Whether it would be right had debugging ended after so many rounds (0: the draft); `keep` as in Settings."""
        written = [(one.public, index) for index, one in enumerate(self.rounds[: rounds + 1]) if one.program]
        if not written:
            return False
        return self.rounds[written[-1][1] if keep == "last" else max(written)[1]].right


@dataclass(frozen=True, slots=True)
class Result:
    """What an arm came to on a problem.

    chosen: the index of the sample that was chosen, None without a program. right: whether its program passes the
    hidden tests. samples: every sample that was drawn, by index; empty where the state is not `done` and nothing was
    graded. reason, decided_by, clusters (how many), steps: of the selection; stopped: the budget that ended it, or "".
    used: by role. executions: different pairs of program and input that were run; execution_seconds: their CPU time.
    wall_seconds: of the session that finished it. errors: what failed calls or the judge said, cut.
    """

    arm: str
    problem: str
    state: State
    chosen: int | None = None
    right: bool = False
    samples: tuple[SampleGrade, ...] = ()
    public_passed: int = 0
    clusters: int = 0
    reason: str = ""
    decided_by: tuple[str, ...] = ()
    steps: Mapping[str, int] = field(default_factory=dict)
    stopped: str = ""
    used: Mapping[str, Used] = field(default_factory=dict)
    executions: int = 0
    execution_seconds: float = 0.0
    wall_seconds: float = 0.0
    errors: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether it is completed."""
        return self.state is State.DONE

    @property
    def total(self) -> Used:
        """What all roles used."""
        return sum(self.used.values(), Used())

    @property
    def covered(self) -> bool:
        """Whether a candidate is right."""
        return any(sample.right for sample in self.samples)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON; `result` reads it back."""
        return asdict(self)


def result(body: Mapping[str, Any]) -> Result:
    """A Result from its plain data. Raises KeyError, TypeError or ValueError for anything else."""
    plain = dict(body)
    plain["state"] = State(plain["state"])
    plain["samples"] = tuple(_sample(one) for one in plain["samples"])
    plain["used"] = {role: Used(**used) for role, used in plain["used"].items()}
    for name in ("decided_by", "errors"):
        plain[name] = tuple(plain[name])
    return Result(**plain)


def _sample(plain: Mapping[str, Any]) -> SampleGrade:
    rounds = tuple(
        RoundGrade(one["program"], one["public"], None if one["verdict"] is None else Verdict(one["verdict"]))
        for one in plain["rounds"]
    )
    return SampleGrade(plain["sample"], rounds, plain["kept"])
