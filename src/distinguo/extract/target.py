"""Programs that define one function or method: found, completed from the starter, and freed of demonstrations."""

import ast
import textwrap
from collections.abc import Callable, Iterator
from itertools import takewhile

from distinguo.extract.syntax import (
    Definition,
    Function,
    bound,
    called,
    dedent,
    definition,
    is_indented,
    is_stub,
    lines_of,
    longest_prefix,
    mentioned,
    own,
    parse,
    returns,
    size,
)

_TALKING = {"print", "input", "stdin", "exit", "quit", "unittest", "doctest", "pytest", "__name__"}
_BINDING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def _is_call(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


class Target:
    """The function or method that a program must define, and the starter in which it is announced."""

    def __init__(self, entry: str, starter: str) -> None:
        self.root, _, self.method = entry.partition(".")
        self.header = starter.replace("\r\n", "\n").rstrip()
        self.starter = parse(self.header) or parse(f"{self.header} pass") or self._opened() or ast.Module([], [])

    def _opened(self) -> ast.Module | None:
        last = self.header.rpartition("\n")[2]
        indent = len(last) - len(last.lstrip()) + 4
        return parse(f"{self.header}\n{' ' * indent}pass")

    # the three ways, from the strictest on

    def defined_in(self, source: str) -> str | None:
        """The source that defines the entry as it stands."""
        source = dedent(source)
        tree = parse(source)
        return self._finished(source) if tree is not None and self._defined(tree) else None

    def implemented_in(self, source: str) -> str | None:
        """The same, unless the definition has no body of its own: a signature that is quoted."""
        tree = parse(dedent(source))
        node = None if tree is None else self._definition(tree)
        return None if node is not None and is_stub(node) else self.defined_in(source)

    def made_from(self, source: str) -> str | None:
        """The source as the body of the entry, or with a name given to the function that it defines."""
        dedented = dedent(source)
        tree = parse(dedented)
        if tree is None or returns(tree) or is_indented(source):
            return self._with_body(source, str)
        alias = self._alias(tree)
        return self._finished(f"{dedented.rstrip()}\n\n\n{alias}\n") if alias else None

    def left_in(self, source: str) -> str | None:
        """The whole statements at the beginning of the source, as long as they define the entry or are its body."""
        prefix = longest_prefix(dedent(source), self._defined)
        if prefix is not None:
            return self._finished(prefix)
        body = longest_prefix(dedent(source), returns)
        if body is not None:
            return self._with_body(body, str)
        return self._with_body(source, lambda text: longest_prefix(text, self._defined))

    def _with_body(self, source: str, kept: Callable[[str], str | None]) -> str | None:
        """The starter with the source as body: as it is indented, indented as a whole, or in its first line only."""
        indent = self._indent()
        if indent is None:
            return None
        whole = textwrap.indent(dedent(source).strip("\n"), indent)
        for body in (source.strip("\n"), whole, indent + source.lstrip()):
            program = kept(f"{self.header}\n{body}")
            tree = None if program is None else parse(program)
            made = None if tree is None else self._definition(tree)
            if program is None or made is None or size(made) <= size(self._definition(self.starter)):
                continue
            if is_indented(source) or returns(made):  # what is not indented may be words that happen to be Python
                return self._finished(program)
        return None

    def _indent(self) -> str | None:
        definition = self._definition(self.starter)
        return None if definition is None else " " * (definition.col_offset + 4)

    # what a tree defines

    def _definition(self, tree: ast.Module) -> Definition | None:
        node = definition(tree.body, self.root)
        return definition(node.body, self.method) if self.method and isinstance(node, ast.ClassDef) else node

    def _defined(self, tree: ast.Module) -> bool:
        if self.root not in bound(tree.body):
            return False
        node = definition(tree.body, self.root)
        if not self.method or not isinstance(node, ast.ClassDef):
            return True
        return bool(node.bases) or self.method in bound(node.body)

    def _alias(self, tree: ast.Module) -> str | None:
        """The statement that gives the entry its name, where only one function or class can be meant."""
        wanted = self.method or self.root
        known = bound(self.starter.body) - {wanted}
        functions = [node for node in tree.body if isinstance(node, Function) and node.name not in known]
        functions = [node for node in functions if node.name != "main" and not node.name.startswith("test")]
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and wanted in bound(node.body)]
        if len(classes) == 1:
            name = classes[0].name
            return f"{self.root} = {name}" if self.method else f"{self.root} = {name}().{wanted}"
        if len(functions) != 1:
            return None
        if not self.method:
            return f"{self.root} = {functions[0].name}"
        first = [argument.arg for argument in functions[0].args.args[:1]]
        method = functions[0].name if first == ["self"] else f"staticmethod({functions[0].name})"
        return f"class {self.root}:\n    {self.method} = {method}"

    # the finished program

    def _finished(self, source: str) -> str:
        source = self._without_demonstrations(source)
        tree = parse(source) or ast.Module([], [])
        missing = self._missing(tree)
        futures = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
        if futures:  # nothing but a docstring may stand before them
            lines = source.split("\n")
            at = max(lines_of(node).stop for node in futures)
            return "\n".join([*lines[:at], *missing, *lines[at:]])
        return "\n".join([*missing, source.strip("\n")])

    def _missing(self, tree: ast.Module) -> list[str]:
        """The lines of the starter in front of the entry that a program lacks.

        These are imports and helpers that bind none of its names, star imports of other modules than its own, calls
        (`sys.setrecursionlimit(50000)`), and the imports that those need.
        """
        nodes = list(takewhile(lambda node: self.root not in bound([node]), self.starter.body))
        there = {ast.unparse(node) for node in tree.body}
        calls = [node for node in nodes if _is_call(node) and ast.unparse(node) not in there]
        names_bound = bound(tree.body) - mentioned(ast.Module(calls, []))
        lines, missing = self.header.split("\n"), list[str]()
        for node in nodes:
            names = bound([node])
            lacks = ast.unparse(node) not in there if "*" in names else bool(names) and not names <= names_bound
            if lacks or node in calls:
                missing += lines[lines_of(node).start : lines_of(node).stop]
                missing += ["", ""] if isinstance(node, Definition) else []
        return [*missing, "", ""] if missing and missing[-1] else missing

    def _without_demonstrations(self, source: str) -> str:
        tree = parse(source)
        if tree is None:
            return source
        dropped, kept = set[int](), set[int]()
        for node, demonstrates in self._sorted_out(tree):
            (dropped if demonstrates else kept).update(lines_of(node))
        dropped -= kept
        last = max(kept, default=-1)
        lines = source.split("\n")
        if any(number > last for number in dropped):  # with the comments that announce them
            lines = lines[: last + 1]
        return "\n".join(line for number, line in enumerate(lines) if number not in dropped)

    def _sorted_out(self, tree: ast.Module) -> Iterator[tuple[ast.stmt, bool]]:
        """The top-level statements, each with whether it only demonstrates."""
        talking = {*_TALKING, self.root}
        functions = [node for node in tree.body if isinstance(node, Function)]
        while more := {node.name for node in functions if mentioned(node) & talking} - talking:
            talking |= more
        gone = set[str]()
        for node in tree.body:
            demonstrates = self._demonstrates(node, talking, gone)
            if demonstrates:
                gone |= bound([node])
            yield node, demonstrates

    def _demonstrates(self, node: ast.stmt, talking: set[str], gone: set[str]) -> bool:
        """talking: names of what prints, reads or calls the entry. gone: names that dropped statements would bind."""
        if isinstance(node, _BINDING) or self.root in bound([node]):
            return False
        mentions = mentioned(node)
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            return bool(called(node) & talking or mentions & gone)
        if isinstance(node, (ast.If, ast.Try)) and "__name__" not in mentions:
            demonstrates = bool(mentions & (talking | gone))
            return demonstrates and not any(isinstance(inner, _BINDING) for inner in own(node))
        return bool(mentions & (talking | gone)) or any(isinstance(inner, ast.Assert) for inner in [node, *own(node)])
