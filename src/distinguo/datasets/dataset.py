"""Data sets as a whole: the problems of a file or folder by id, each made when it is asked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from distinguo.datasets.about import About
from distinguo.datasets.loaded import Loaded
from distinguo.errors import InputError
from distinguo.problem import HiddenTests, Problem


class Source(Protocol):
    """Where the problems of a data set come from."""

    @property
    def ids(self) -> Sequence[str]:
        """The ids in order."""

    def problem(self, task_id: str) -> Problem:
        """The problem of one of the ids. Raises InputError where its data are wrong."""

    def hidden(self, task_id: str) -> HiddenTests | None:
        """Its hidden tests. Raises InputError where its data are wrong."""

    def by_prompt(self, prompt: str) -> str | None:
        """The id of the task whose prompt this is: equal, or else one that announces the same function.

        The latter is for prompts that others cut: their examples are missing, but not the lines before the docstring
        and how its first line begins. None where no task or more than one is meant.
        """

    def program(self, task_id: str, source: str) -> str:
        """A whole program as the data set's authors would run it, with what they put in front."""

    def about(self, task_id: str) -> About:
        """What is known of one of the problems beside its text, without making it."""

    @property
    def errata(self) -> Mapping[str, str]:
        """What is known to be wrong with problems, by id; see errata.py."""

    @property
    def warnings(self) -> Sequence[str]:
        """Sentences on what was passed over."""


class DataSet:
    """Problems with their hidden tests. Nothing but ids and places is held; each problem is made anew when asked for.

    name: as reports show it. ids: in order.
    """

    def __init__(self, name: str, source: Source) -> None:
        self.name = name
        self.ids = tuple(source.ids)
        self.source = source
        self._spelled: dict[str, str] = {}
        ambiguous = set[str]()
        for task_id in self.ids:
            for spelling in _spellings(task_id):
                if self._spelled.setdefault(spelling, task_id) != task_id:
                    ambiguous.add(spelling)
        for spelling in ambiguous:
            del self._spelled[spelling]
        self._spelled.update((task_id, task_id) for task_id in self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Loaded]:
        return map(self.get, self.ids)

    def find(self, task_id: str | int) -> str | None:
        """The id that is meant: `HumanEval/7`, `7`, `Mbpp/2` for `MBPP/2`; None where no task or more than one is."""
        task_id = str(task_id)
        return self._spelled.get(task_id) or self._spelled.get(_spellings(task_id)[0])

    def by_prompt(self, prompt: str) -> str | None:
        """The id of the task whose prompt this is; see Source."""
        return self.source.by_prompt(prompt)

    def about(self, task_id: str | int) -> About:
        """Difficulty, platform, date and size of a problem; cheap. Raises InputError where there is no such id."""
        return self.source.about(self.require(task_id))

    @property
    def errata(self) -> Mapping[str, str]:
        """The problems that are known to be wrong, with the reason, so that reports can show figures both ways."""
        return self.source.errata

    @property
    def warnings(self) -> Sequence[str]:
        """Sentences on records that were passed over because they are wrong."""
        return self.source.warnings

    def problem(self, task_id: str | int) -> Problem:
        """The problem without its hidden tests. Raises InputError as `get` does."""
        return self.source.problem(self.require(task_id))

    def get(self, task_id: str | int) -> Loaded:
        """A task by any spelling of its id. Raises InputError where it is not there or its data are wrong."""
        found = self.require(task_id)
        return Loaded(self.source.problem(found), self.source.hidden(found))

    def require(self, task_id: str | int) -> str:
        """The id that is meant, see `find`. Raises InputError where there is no such task."""
        found = self.find(task_id)
        if found is None:
            example = next(iter(self.ids), None)
            such_as = "none" if example is None else f"{len(self.ids)}, such as {example}"
            why = "".join(f"; {warning}" for warning in self.warnings[:1])
            raise InputError(f"{self.name} has no task {str(task_id)!r}: there are {such_as}{why}")
        return found


def _spellings(task_id: str) -> tuple[str, ...]:
    """An id as others write it: in any case, with another paper's name of the set, without the set's name.

    Of CodeContests' `1575_A. Another Sorting Problem` also what stands before the title.
    """
    folded = task_id.casefold().replace("mbppeval/", "mbpp/")
    return folded, folded.rpartition("/")[2], folded.rpartition("__")[2], folded.partition(". ")[0]


class Folders:
    """A source of problems that lie in a folder each."""

    def __init__(self, folders: Iterable[Path], load: Callable[[Path], Loaded], about: Callable[[Path], About]) -> None:
        self._folders = {folder.resolve().name: folder for folder in folders}
        self._load = load
        self._about = about
        self._known: dict[str, About] = {}

    @property
    def ids(self) -> Sequence[str]:
        """See Source."""
        return tuple(self._folders)

    def problem(self, task_id: str) -> Problem:
        """See Source."""
        return self._load(self._folders[task_id]).problem

    def hidden(self, task_id: str) -> HiddenTests | None:
        """See Source."""
        return self._load(self._folders[task_id]).hidden

    def by_prompt(self, prompt: str) -> str | None:
        """See Source."""
        return None

    def program(self, task_id: str, source: str) -> str:
        """See Source."""
        return source

    def about(self, task_id: str) -> About:
        """See Source."""
        if task_id not in self._known:
            self._known[task_id] = self._about(self._folders[task_id])
        return self._known[task_id]

    @property
    def errata(self) -> Mapping[str, str]:
        """See Source."""
        return {}

    @property
    def warnings(self) -> Sequence[str]:
        """See Source."""
        return ()
