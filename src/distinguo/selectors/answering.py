"""Answering a selector's questions: by models, and by running programs."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from distinguo.checkers import Checker
from distinguo.errors import BudgetExhausted, CallError
from distinguo.events import QuestionAnswered
from distinguo.problem import Program
from distinguo.protocols import Observer, Run
from distinguo.records import Candidate, Execution, Verdict, Vote
from distinguo.selectors.evidence import Evidence
from distinguo.selectors.protocol import (
    Answer,
    Compare,
    Distinguish,
    Failed,
    Inputs,
    Observed,
    Question,
    Ran,
    RunOn,
    WriteInputs,
)
from distinguo.tasks import all_of
from distinguo.testgen import Author, Case, Written, told

AT_ONCE = 4096  # runs waiting for the sandbox at one time, so that a large matrix needs no memory for its queue
OUTPUT_KEPT = 2000  # characters of an output that the record of a comparison keeps

Record = Callable[[str, dict[str, Any]], None]
"""Keeps a question and its answer: a key that no other question shares, and plain data."""


def observed(execution: Execution, checker: Checker) -> Observed:
    """A run as far as it can tell programs apart."""
    if execution.status is not Verdict.AC:
        return Observed(execution.status, execution.status.value)
    canonical = checker.canonical(execution.output).encode("utf-8", "surrogatepass")
    return Observed(Verdict.AC, hashlib.sha256(canonical).hexdigest())


class Answerer:
    """Answers questions about one pool, and counts in `steps` how often each kind of step succeeded.

    A call that fails makes an answer Failed. Once a budget has ended (`stopped` then says which), no further question
    that needs a model is put to one. ModelUnavailable, ReplayMiss and JudgeFailed pass through.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        evidence: Evidence,
        author: Author,
        run: Run,
        checker: Checker,
        observe: Observer,
        record: Record,
    ) -> None:
        self.steps: Counter[str] = Counter()
        self.stopped = ""
        self._programs = {candidate.sample: candidate.program for candidate in candidates}
        self._evidence = evidence
        self._author = author
        self._run = run
        self._checker = checker
        self._observe = observe
        self._record = record

    async def answer(self, question: Question) -> None:
        """Answer one question; the evidence then holds the answer and all runs behind it."""
        if question.calls_model and self.stopped:
            self.steps["left_out"] += 1
            self._evidence.answer(question, Failed(self.stopped))
            return
        details: dict[str, Any] = {}
        try:
            answer = await self._ask(question, details)
        except BudgetExhausted as error:
            self.stopped = self.stopped or str(error)
            self.steps["left_out"] += 1
            answer = Failed(str(error))
        except CallError as error:
            self.steps["calls_failed"] += 1
            answer = Failed(str(error))
        self._evidence.answer(question, answer)
        body = {"kind": question.kind, "question": asdict(question), "answer": _plain(answer), **details}
        self._record(f"{question.kind}.{place(question)}", body)
        ok = not isinstance(answer, Failed) and answer != Inputs(())
        self._observe(QuestionAnswered(question.kind, ok))

    async def _ask(self, question: Question, details: dict[str, Any]) -> Answer:
        match question:
            case WriteInputs():
                return await self._write(question, details)
            case RunOn():
                await self._run_on(question.samples, question.inputs)
                return Ran()
            case Distinguish():
                return await self._distinguish(question, details)
            case Compare():
                return await self._compare(question, details)

    async def _write(self, question: WriteInputs, details: dict[str, Any]) -> Answer:
        self.steps["inputs_requested"] += question.count
        samples = self._one_of_each()

        async def try_out(inputs: Sequence[str]) -> list[str]:
            await self._run_on(samples, inputs)
            return [await self._fault_everywhere(samples, text) for text in inputs]

        programs = [self._programs[sample] for sample in samples]
        written = await self._author.write_inputs(programs, question.count, try_out, place(question))
        self.steps["inputs_written"] += len(written.inputs) + len(written.dropped)
        self.steps["inputs_usable"] += len(written.inputs)
        details |= _details(written)
        return Inputs(written.inputs)

    async def _distinguish(self, question: Distinguish, details: dict[str, Any]) -> Answer:
        self.steps["distinguish_asked"] += 1
        self.steps["distinguish_ok"] += 0
        pair = question.first, question.second

        async def try_out(inputs: Sequence[str]) -> list[str]:
            await self._run_on(pair, inputs)
            return [await self._fault_of_pair(*pair, text) for text in inputs]

        first, second = (self._programs[sample] for sample in pair)
        written = await self._author.distinguish(first, second, question.count, try_out, place(question))
        self.steps["distinguish_ok"] += bool(written.inputs)
        details |= _details(written)
        return Inputs(written.inputs)

    async def _compare(self, question: Compare, details: dict[str, Any]) -> Answer:
        await self._run_on((question.first, question.second), question.inputs)
        first, second = self._programs[question.first], self._programs[question.second]
        cases = [
            Case(text, told(await self._run(first, text)), told(await self._run(second, text)))
            for text in question.inputs
        ]
        details["outputs"] = [[case.first[:OUTPUT_KEPT], case.second[:OUTPUT_KEPT]] for case in cases]
        self.steps["judge_asked"] += 1
        self.steps["judge_answered"] += 0
        vote = await self._author.compare(first, second, cases, place(question))
        if vote is None:
            return Failed("the judge's answer names neither program nor a tie")
        self.steps["judge_answered"] += 1
        self.steps["judge_ties"] += vote is Vote.TIE
        return vote

    def _one_of_each(self) -> tuple[int, ...]:
        """The first sample of each distinct program."""
        first: dict[Program, int] = {}
        for sample, program in self._programs.items():
            first.setdefault(program, sample)
        return tuple(first.values())

    async def _run_on(self, samples: Sequence[int], inputs: Sequence[str]) -> None:
        rows = self._evidence.state().rows
        missing = [(sample, text) for sample in samples for text in inputs if text not in rows[sample]]
        for start in range(0, len(missing), AT_ONCE):
            await all_of(self._run_once(sample, text) for sample, text in missing[start : start + AT_ONCE])

    async def _run_once(self, sample: int, text: str) -> None:
        execution = await self._run(self._programs[sample], text)
        self.steps["executions"] += 1
        self._evidence.observe(sample, text, observed(execution, self._checker))

    async def _fault_everywhere(self, samples: Sequence[int], text: str) -> str:
        rows = self._evidence.state().rows
        if any(rows[sample][text].works for sample in samples):
            return ""
        return f"every program fails on it {told(await self._run(self._programs[samples[0]], text))}"

    async def _fault_of_pair(self, first: int, second: int, text: str) -> str:
        rows = self._evidence.state().rows
        seen = rows[first][text], rows[second][text]
        if not any(one.works for one in seen):
            return "both programs fail on it"
        one, other = [await self._run(self._programs[sample], text) for sample in (first, second)]
        alike = seen[0].key == seen[1].key
        if alike or (all(one.works for one in seen) and self._checker.accepts(one.output, other.output)):
            return f"both programs give the same output, {told(one).strip()}"
        return ""


def place(question: Question) -> int:
    """A number of 48 bits that no other question shares and that is the same in every run."""
    return int.from_bytes(hashlib.sha256(repr(question).encode("utf-8", "surrogatepass")).digest()[:6])


def _details(written: Written) -> dict[str, Any]:
    return {"requests": written.requests, "dropped": [asdict(fault) for fault in written.dropped]}


def _plain(answer: Answer) -> dict[str, Any]:
    match answer:
        case Inputs(texts):
            return {"inputs": list(texts)}
        case Vote():
            return {"vote": answer.value}
        case Failed(why):
            return {"failed": why}
        case Ran():
            return {}
