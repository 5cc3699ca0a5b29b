"""Answering a selector's questions: by models, and by running programs."""

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from distinguo.checkers import Checker
from distinguo.config import USUAL_INPUTS
from distinguo.errors import BudgetExhausted, CallError
from distinguo.events import QuestionAnswered
from distinguo.problem import Program
from distinguo.protocols import Observer, Run
from distinguo.records import Candidate, Execution, Verdict, Vote
from distinguo.selectors import stability
from distinguo.selectors.evidence import Evidence
from distinguo.selectors.protocol import (
    Answer,
    Choose,
    Chosen,
    Compare,
    Distinguish,
    Failed,
    Generate,
    GeneratedTest,
    Inputs,
    Mutate,
    Observed,
    Question,
    Ran,
    RecordedTests,
    RunOn,
    Stress,
    Tests,
    WriteInputs,
    WriteTests,
    brought,
)
from distinguo.selectors.recording import cut, place, plain
from distinguo.selectors.sources import Sources, off, source_of
from distinguo.tasks import all_of
from distinguo.testgen import Author, Case, Written, told
from distinguo.testgen.parse import WrittenTest

GATHERING = (WriteInputs, WriteTests, Mutate, Generate, Stress)  # questions whose inputs all candidates are run on
AT_ONCE = 4096  # runs waiting for the sandbox at one time, so that a large matrix needs no memory for its queue

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
    recorded: tests that are known before the run, which answer the first WriteTests and the first WriteInputs.
    sources: of config.INPUTS, those that are on; a question of another gets an empty answer, and nobody is asked.
    seed: of mutated inputs.
    unstable: the samples that were found not to do the same twice (stability.py), whether or not they left the pool.
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
        recorded: RecordedTests | None = None,
        sources: Collection[str] = USUAL_INPUTS,
        *,
        seed: int = 0,
    ) -> None:
        self.steps: Counter[str] = Counter()
        self.stopped = ""
        self.unstable = set[int]()
        self._settled = False  # a question named samples, so that none of them may leave the pool
        self._programs = _programs(candidates)
        self._distinct = _one_of_each(self._programs)
        self._evidence = evidence
        self._author = author
        self._run = run
        self._checker = checker
        self._observe = observe
        self._record = record
        self._recorded = recorded
        self._on = sources
        self._sources = Sources(
            author.problem,
            author.ask,
            run,
            checker,
            [self._programs[sample] for sample in self._distinct],
            seed=seed,
            prompt_tokens=author.prompt_tokens,
            steps=self.steps,
        )

    async def answer(self, question: Question) -> None:
        """Answer one question; the evidence then holds the answer and all runs behind it."""
        self._settled = self._settled or not isinstance(question, GATHERING)
        nothing = None if self._is_recorded(question) else off(question, self._on)
        if nothing is not None:
            self._evidence.answer(question, nothing)
            return
        if question.calls_model and self.stopped and not self._is_recorded(question):
            self.steps["left_out"] += 1
            self._evidence.answer(question, Failed(self.stopped))
            return
        details: dict[str, Any] = {}
        try:
            answer = await self._ask(question, details)
            # A second run on a large input may be a second timeout.
            if isinstance(question, GATHERING) and source_of(question) != "large":
                await self._leave_out_unstable(brought(question, answer), details)
        except BudgetExhausted as error:
            self.stopped = self.stopped or str(error)
            self.steps["left_out"] += 1
            answer = Failed(str(error))
        except CallError as error:
            self.steps["calls_failed"] += 1
            answer = Failed(str(error))
        self._evidence.answer(question, answer)
        body = {"kind": question.kind, "question": asdict(question), "answer": plain(answer), **details}
        self._record(f"{question.kind}.{place(question)}", cut(body))
        ok = not isinstance(answer, Failed) and answer not in (Inputs(()), Tests(()))
        self._observe(QuestionAnswered(question.kind, ok))

    async def _ask(self, question: Question, details: dict[str, Any]) -> Answer:
        match question:
            case WriteInputs(batch=0) if self._recorded is not None:
                return Inputs(await self._run_recorded(self._recorded))
            case WriteInputs():
                return await self._write(question, details)
            case RunOn():
                await self._run_on(question.samples, question.inputs)
                return Ran()
            case Distinguish():
                return await self._distinguish(question, details)
            case Compare():
                return await self._compare(question, details)
            case WriteTests(batch=0) if self._recorded is not None:
                return await self._take(self._recorded)
            case WriteTests():
                return await self._write_tests(question, details)
            case Choose():
                return await self._choose(question, details)
            case Mutate():
                return await self._sources.mutate(question, self._try_out)
            case Generate():
                inputs = await self._sources.generate(question, self._try_out, place(question))
                details |= _details(inputs)
                return Inputs(inputs.usable)
            case Stress():
                tests = await self._sources.stress(question, self._try_out, place(question), details)
                return tests if isinstance(tests, Failed) else await self._tests(tests)

    def _is_recorded(self, question: Question) -> bool:
        return self._recorded is not None and isinstance(question, WriteInputs | WriteTests) and question.batch == 0

    async def _write(self, question: WriteInputs, details: dict[str, Any]) -> Answer:
        self.steps["inputs_requested"] += question.count
        programs = [self._programs[sample] for sample in self._distinct]
        written = await self._author.write_inputs(programs, question.count, self._try_out, place(question))
        self.steps["inputs_written"] += len(written.usable) + len(written.dropped)
        self.steps["inputs_usable"] += len(written.usable)
        details |= _details(written)
        return Inputs(written.usable)

    async def _write_tests(self, question: WriteTests, details: dict[str, Any]) -> Answer:
        self.steps["tests_requested"] += question.count
        programs = [self._programs[sample] for sample in self._distinct]
        written = await self._author.write_tests(programs, question.count, self._try_out, place(question))
        self.steps["tests_written"] += len(written.usable) + len(written.dropped)
        self.steps["tests_usable"] += len(written.usable)
        details |= _details(written)
        return await self._tests(written.usable)

    async def _tests(self, written: Sequence[WrittenTest]) -> Tests:
        """The tests, on which all programs were run and judged by the problem's checker."""
        inputs = tuple(dict.fromkeys(test.input for test in written))
        await self._run_on(self._distinct, inputs)
        for sample in self._distinct:
            runs = dict(zip(inputs, await self._run.many(self._programs[sample], inputs), strict=True))
            for test in written:
                run = runs[test.input]
                passes = run.status is Verdict.AC and self._checker.accepts(run.output, test.expected)
                self._evidence.passed(sample, test.text, passes)
        return Tests(tuple(GeneratedTest(test.text, (test.input,)) for test in written))

    async def _take(self, recorded: RecordedTests) -> Tests:
        self.steps["tests_recorded"] += len(recorded.tests)
        await self._run_recorded(recorded)
        samples = self._distinct
        passed = await all_of(recorded.passes(self._programs[sample]) for sample in samples)
        for sample, passes in zip(samples, passed, strict=True):
            for text, one in passes.items():
                self._evidence.passed(sample, text, one)
        return Tests(recorded.tests)

    async def _run_recorded(self, recorded: RecordedTests) -> tuple[str, ...]:
        """Run all programs on the inputs inside recorded tests."""
        inputs = tuple(dict.fromkeys(text for test in recorded.tests for text in test.inputs))
        await self._run_on(self._distinct, inputs)
        return inputs

    async def _try_out(self, inputs: Sequence[str]) -> list[str]:
        """Run all programs on inputs, and say which of these are of no use."""
        return await self._tried(inputs, self._distinct, self._fault_everywhere)

    async def _tried(
        self, inputs: Sequence[str], samples: Sequence[int], fault: Callable[[Sequence[int], str], Awaitable[str]]
    ) -> list[str]:
        """Run programs on inputs that are the problem's, and say which inputs are of no use, by `fault` or before."""
        objections = await self._sources.objections(inputs)
        if any(objections.values()):
            self.steps["inputs_not_allowed"] += sum(map(bool, objections.values()))
        await self._run_on(samples, [text for text in inputs if not objections[text]])
        return [objections[text] or await fault(samples, text) for text in inputs]

    async def _leave_out_unstable(self, inputs: Sequence[str], details: dict[str, Any]) -> None:
        """Run every program again on the input that tells most of them apart; those that differ leave the pool."""
        state = self._evidence.state()
        programs = _programs(state.candidates)
        pool = [sample for sample in _one_of_each(programs) if not self._settled]
        text = stability.telling(state.rows, pool, inputs)
        if text is None:
            return
        chosen = {sample: programs[sample] for sample in pool}
        self.steps["executions_again"] += len(chosen)
        try:
            found = await stability.unstable(chosen, text, self._run, self._checker)
        except BudgetExhausted as error:  # what the inputs tell is known all the same
            self.stopped = self.stopped or str(error)
            return
        differing = {programs[sample] for sample in found}
        samples = [sample for sample, program in programs.items() if program in differing]
        if samples:
            self.unstable.update(samples)
            self._evidence.leave_out(samples)
            details["unstable"] = {"input": text, "samples": samples}

    async def _distinguish(self, question: Distinguish, details: dict[str, Any]) -> Answer:
        self.steps["distinguish_asked"] += 1
        self.steps["distinguish_ok"] += 0
        pair = question.first, question.second

        async def try_out(inputs: Sequence[str]) -> list[str]:
            return await self._tried(inputs, pair, self._fault_of_pair)

        first, second = (self._programs[sample] for sample in pair)
        written = await self._author.distinguish(first, second, question.count, try_out, place(question))
        self.steps["distinguish_ok"] += bool(written.usable)
        details |= _details(written)
        return Inputs(written.usable)

    async def _compare(self, question: Compare, details: dict[str, Any]) -> Answer:
        await self._run_on((question.first, question.second), question.inputs)
        first, second = self._programs[question.first], self._programs[question.second]
        cases = [
            Case(text, told(await self._run(first, text)), told(await self._run(second, text)))
            for text in question.inputs
        ]
        details["outputs"] = [[case.first, case.second] for case in cases]
        self.steps["judge_asked"] += 1
        self.steps["judge_answered"] += 0
        vote = await self._author.compare(first, second, cases, place(question))
        if vote is None:
            return Failed("the judge's answer names neither program nor a tie")
        self.steps["judge_answered"] += 1
        self.steps["judge_ties"] += vote is Vote.TIE
        return vote

    async def _choose(self, question: Choose, details: dict[str, Any]) -> Answer:
        await self._run_on(question.samples, (question.input,))
        outputs = [told(await self._run(self._programs[sample], question.input)) for sample in question.samples]
        details["outputs"] = outputs
        self.steps["choose_asked"] += 1
        self.steps["choose_answered"] += 0
        choice = await self._author.choose(question.input, outputs, place(question))
        if choice is None:
            return Failed("the judge's answer names neither an output nor none")
        self.steps["choose_answered"] += 1
        self.steps["choose_none"] += choice.place is None
        return Chosen(None if choice.place is None else question.samples[choice.place])

    async def _run_on(self, samples: Sequence[int], inputs: Sequence[str]) -> None:
        """Run programs on the inputs that they have not been run on, each program on all of its inputs together."""
        rows = self._evidence.state().rows
        missing = {
            self._programs[sample]: (sample, [text for text in dict.fromkeys(inputs) if text not in rows[sample]])
            for sample in samples
        }
        for group in _groups(missing.values()):
            await all_of(self._run_program(sample, texts) for sample, texts in group)

    async def _run_program(self, sample: int, inputs: Sequence[str]) -> None:
        executions = await self._run.many(self._programs[sample], inputs)
        self.steps["executions"] += len(inputs)
        for text, execution in zip(inputs, executions, strict=True):
            self._evidence.observe(sample, text, observed(execution, self._checker))

    async def _fault_everywhere(self, samples: Sequence[int], text: str) -> str:
        rows = self._evidence.state().rows
        if any(rows[sample][text].works for sample in samples):
            return ""
        return f"every program fails on it {told(await self._run(self._programs[samples[0]], text))}"

    async def _fault_of_pair(self, samples: Sequence[int], text: str) -> str:
        first, second = samples
        rows = self._evidence.state().rows
        seen = rows[first][text], rows[second][text]
        if not any(one.works for one in seen):
            return "both programs fail on it"
        one, other = [await self._run(self._programs[sample], text) for sample in (first, second)]
        alike = seen[0].key == seen[1].key
        if alike or (all(one.works for one in seen) and self._checker.accepts(one.output, other.output)):
            return f"both programs give the same output, {told(one).strip()}"
        return ""


def _programs(candidates: Iterable[Candidate]) -> dict[int, Program]:
    return {candidate.sample: candidate.program for candidate in candidates}


def _one_of_each(programs: Mapping[int, Program]) -> tuple[int, ...]:
    """The first sample of each distinct program."""
    first: dict[Program, int] = {}
    for sample, program in programs.items():
        first.setdefault(program, sample)
    return tuple(first.values())


def _groups(missing: Iterable[tuple[int, list[str]]]) -> Iterable[list[tuple[int, list[str]]]]:
    """Runs in groups of at most AT_ONCE."""
    group, size = list[tuple[int, list[str]]](), 0
    for sample, inputs in missing:
        for start in range(0, len(inputs), AT_ONCE):
            part = inputs[start : start + AT_ONCE]
            if size + len(part) > AT_ONCE:
                yield group
                group, size = [], 0
            group.append((sample, part))
            size += len(part)
    if group:
        yield group


def _details(written: Written[Any]) -> dict[str, Any]:
    return {"requests": written.requests, "dropped": [asdict(fault) for fault in written.dropped]}
