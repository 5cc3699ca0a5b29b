"""Problem packages as Kattis and the ICPC have them, in the legacy format and the draft of 2023-07.

problem.yaml, a statement in HTML, Markdown or TeX, data/sample and data/secret with their groups, and an output
validator where many answers are right. Samples are the public tests, secret data the hidden ones. A scoring problem's
groups are those of its test folders. Without a validator of its own a package's outputs are compared by the format's
default one (checker `package`), whose tolerance is only for answers that are decimals: many packages name one for
integers too. Interactive problems and those of several passes are refused.
"""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from distinguo import checkers
from distinguo.datasets.about import About, day
from distinguo.datasets.files import natural, read_text
from distinguo.datasets.htmltext import to_text
from distinguo.datasets.loaded import Loaded
from distinguo.datasets.testdata import Groups, number
from distinguo.datasets.yamlfiles import read_yaml
from distinguo.errors import InputError
from distinguo.problem import HiddenTests, Limits, Problem, Test, TestGroup, Validator

_USUAL_SECONDS = 10.0  # where nothing says how long a program may run
_USUAL_MEMORY, _USUAL_OUTPUT = 2048, 8  # the format's own, in MiB
_WALL = 3  # elapsed seconds to a second of CPU time
_STATEMENTS = ("problem_statement", "statement")
_TEXTS = (".md", ".html", ".tex")
_VALIDATORS = ("output_validators", "output_validator")
_LANGUAGES = {".py": "python", **dict.fromkeys((".cpp", ".cc", ".cxx", ".c++"), "c++")}
_HEADERS = (".h", ".hpp", ".hh")
_REFUSED = ("interactive", "multi-pass", "multipass", "submit-answer")
_TIME = re.compile(r"time limit:?\s*(\d+(?:\.\d+)?)\s*s", re.IGNORECASE)
_MEMORY = re.compile(r"memory limit:?\s*(\d+(?:\.\d+)?)\s*([MG])i?B", re.IGNORECASE)
_SAMPLE = re.compile(r"(?:.*_)?sample_?(.*?)_input\.txt")


def is_package(folder: Path) -> bool:
    """Whether a folder is a problem package."""
    return (folder / "problem.yaml").is_file()


def load(folder: Path) -> Loaded:
    """Read the package. Raises InputError naming the file that is missing or wrong, or a link out of the package."""
    _refuse_links_out(folder)
    settings = read_yaml(folder / "problem.yaml")
    _refuse(folder, settings)
    statement = _statement(folder, settings)
    groups = Groups(folder / "data", settings)
    samples = _samples(folder)
    secret = tuple(_tests(folder / "data", folder / "data" / "secret"))
    flags = groups.flags({Path(test.name).parent for test in secret} or {Path("secret")})
    sources = _validator_sources(folder, settings)
    problem = Problem(
        id=folder.resolve().name,
        statement=statement,
        public_tests=samples,
        limits=_limits(folder, settings, statement),
        checker=_checker(folder, "" if sources else flags),
        validator=_validator(folder, sources, flags) if sources else None,
    )
    hidden = HiddenTests(problem.id, secret, groups=_scores(groups, secret, settings)) if secret else None
    return Loaded(problem, hidden)


def about(folder: Path) -> About:
    """What problem.yaml says of the problem: its level where it names one, and the contest series it comes from."""
    try:
        settings = read_yaml(folder / "problem.yaml")
    except InputError:
        return About()  # reading the problem says what is wrong
    given = settings.get("difficulty", settings.get("level"))
    level = str(given) if isinstance(given, (str, int, float)) and not isinstance(given, bool) else ""
    source = settings.get("source")
    source = source[0] if isinstance(source, list) and source else source
    source = source.get("name") if isinstance(source, dict) else source
    series = re.split(r"\s*[-,(]?\s*\d", source)[0] if isinstance(source, str) else ""
    return About(level.strip(), series.strip().lower(), day(settings.get("date")))


def _refuse_links_out(folder: Path) -> None:
    """A package may come from anyone: what it links to elsewhere on the machine is no part of it."""
    home = folder.resolve()
    read = ("data", *_STATEMENTS, *_VALIDATORS)
    for path in chain(folder.iterdir(), chain.from_iterable((folder / name).rglob("*") for name in read)):
        if path.is_symlink() and not path.resolve().is_relative_to(home):
            raise InputError(f"{path} is a link out of the package; put a copy of the file in its place")


def _refuse(folder: Path, settings: dict[str, Any]) -> None:
    kinds = settings.get("type", "")
    words = f"{' '.join(map(str, kinds)) if isinstance(kinds, list) else kinds} {settings.get('validation', '')}"
    refused = next((word for word in _REFUSED if word in words.split()), None)
    if refused:
        raise InputError(f"{folder} is {refused}: only programs that read their whole input at once can be judged")


# --- statement and limits


def _statement(folder: Path, settings: dict[str, Any]) -> str:
    for place in _STATEMENTS:
        found = [path for path in _files(folder / place) if path.stem.split(".")[0] == "problem"]
        texts = [path for path in found if path.suffix in _TEXTS]
        if texts:
            path = min(texts, key=lambda path: (_language_rank(path), _TEXTS.index(path.suffix)))
            text = read_text(path).replace("\r\n", "\n")
            text = to_text(text) if path.suffix == ".html" else text
            name = _name(settings)
            return f"# {name}\n\n{text}" if name and name not in text[:500] else text
    raise InputError(
        f"{folder} has no statement that can be read: put a problem.md, .html or .tex into problem_statement"
    )


def _language_rank(path: Path) -> tuple[int, str]:
    """English first, then a statement that names no language."""
    language = path.suffixes[0] if len(path.suffixes) > 1 else ""
    return (0 if language == ".en" else 1 if not language else 2, language)


def _name(settings: dict[str, Any]) -> str:
    name = settings.get("name", "")
    if isinstance(name, dict):
        name = name.get("en") or next(iter(name.values()), "")
    return str(name)


def _limits(folder: Path, settings: dict[str, Any], statement: str) -> Limits:
    """The limits of problem.yaml; else of `.timelimit` or domjudge-problem.ini; else those that the statement names."""
    given = settings.get("limits")
    given = given if isinstance(given, dict) else {}
    path = folder / "problem.yaml"
    seconds = number(given.get("time_limit"), path, "limits.time_limit")
    for name, pattern in (
        (".timelimit", r"\s*([\d.]+)"),
        ("domjudge-problem.ini", r"(?m)^\s*timelimit\s*=\s*'?([\d.]+)"),
    ):
        if seconds is None and (folder / name).is_file():
            found = re.search(pattern, read_text(folder / name))
            seconds = number(found and found.group(1), folder / name, "the time limit")
    stated = _TIME.search(statement)
    seconds = seconds or (float(stated.group(1)) if stated else 0) or _USUAL_SECONDS
    memory = number(given.get("memory"), path, "limits.memory")
    if memory is None and (room := _MEMORY.search(statement)):
        memory = float(room.group(1)) * (1024 if room.group(2) in "Gg" else 1)
    output = number(given.get("output"), path, "limits.output") or _USUAL_OUTPUT
    return Limits(seconds, _WALL * seconds, max(1, int(memory or _USUAL_MEMORY)), max(1, int(output * (1 << 20))))


# --- tests


def _samples(folder: Path) -> tuple[Test, ...]:
    """The tests in data/sample, and those beside the statement that are not among them."""
    found = list(_tests(folder / "data", folder / "data" / "sample"))
    known = {tuple(test.input.split()) for test in found}
    for place in _STATEMENTS:
        for path in _files(folder / place):
            match = _SAMPLE.fullmatch(path.name)
            answer = path.with_name(path.name.removesuffix("_input.txt") + "_output.txt")
            if match and answer.is_file():
                test = Test(f"sample/{match.group(1) or path.stem}", read_text(path), read_text(answer))
                if tuple(test.input.split()) not in known:
                    found.append(test)
                    known.add(tuple(test.input.split()))
    return tuple(found)


def _tests(data: Path, folder: Path) -> Iterator[Test]:
    """The tests below a folder, named by their place in data/. One without an answer is run and not compared."""
    for path in sorted(folder.rglob("*.in"), key=lambda path: natural(str(path))):
        answer = path.with_suffix(".ans")
        if not path.is_file():
            raise InputError(f"{path} is no file that can be read")
        name = path.relative_to(data).with_suffix("").as_posix()
        yield Test(name, read_text(path), read_text(answer) if answer.is_file() else None)


def _scores(groups: Groups, tests: tuple[Test, ...], settings: dict[str, Any]) -> tuple[TestGroup, ...]:
    """What the groups of a scoring problem are worth; none where a problem is only passed or failed."""
    kinds = settings.get("type", "pass-fail")
    if "scoring" not in (kinds if isinstance(kinds, list) else [kinds]):
        return ()
    counts: dict[Path, int] = {}
    for test in tests:
        parent = Path(test.name).parent
        counts[parent] = counts.get(parent, 0) + 1
    return tuple(TestGroup(place.as_posix(), groups.score(place, count)) for place, count in counts.items())


# --- how outputs are judged


def _checker(folder: Path, flags: str) -> str:
    name = " ".join(["package", *flags.split()])
    try:
        return checkers.get(name).name
    except InputError as error:
        raise InputError(f"{folder}: {error}") from error


def _validator_sources(folder: Path, settings: dict[str, Any]) -> list[Path]:
    """The files of the package's own output validator; none where the default one judges."""
    validation = str(settings.get("validation") or "").split()
    found = [path for place in _VALIDATORS for path in _entries(folder / place)]
    if "default" in validation:
        return []
    if "custom" in validation and not found:
        raise InputError(
            f"{folder} says validation: custom, but holds no output validator; put it into output_validators"
        )
    folders = [path for path in found if path.is_dir()]
    programs = [path for path in found if path.is_file() and path.suffix in _LANGUAGES]
    if len(folders) > 1 or (folders and programs):
        raise InputError(f"{folder} holds several output validators; keep one")
    return _files(folders[0]) if folders else [path for path in found if path.is_file()]


def _validator(folder: Path, sources: list[Path], flags: str) -> Validator:
    languages = {_LANGUAGES[path.suffix] for path in sources if path.suffix in _LANGUAGES}
    if len(languages) != 1:
        raise InputError(f"{folder}: an output validator must be written in Python or in C++, not {_endings(sources)}")
    kept = [path for path in sources if path.suffix in (*_LANGUAGES, *_HEADERS)]
    kept.sort(key=_starts_later)
    return Validator(tuple((path.name, read_text(path)) for path in kept), languages.pop(), tuple(flags.split()))


def _endings(sources: list[Path]) -> str:
    return ", ".join(sorted({path.suffix or path.name for path in sources})) or "nothing"


def _starts_later(path: Path) -> tuple[bool, bool, str]:
    """A sort key that puts the file to start first: one whose name says so, or else one that runs something."""
    text = read_text(path)
    named = path.stem in ("__main__", "main", "validate", "validator", "output_validator")
    runs = "__main__" in text or re.search(r"\bmain\s*\(", text) is not None
    return (path.suffix in _HEADERS or not (named or runs), not named, path.name)


def _files(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_file()]


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []
