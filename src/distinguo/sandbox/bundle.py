"""The code for a worker's processes, handed over as one marshalled bundle on a descriptor.

So nothing of distinguo's installation needs to be visible, or readable to an unprivileged user, inside.
"""

import importlib.abc
import importlib.util
import marshal
from functools import cache
from types import CodeType

from distinguo.errors import SandboxUnavailable

BUNDLED = (
    "distinguo.values",
    "distinguo.sandbox.inside",
    *(
        f"distinguo.sandbox.inside.{name}"
        for name in (
            "bare",
            "child",
            "cold",
            "copies",
            "job",
            "landlock",
            "namespaces",
            "pages",
            "probe",
            "seccomp",
            "start",
            "syscalls",
        )
    ),
    *(f"distinguo.sandbox.inside.{name}" for name in ("watch", "wire", "zygote")),
)
# The packages round the bundled modules are empty there: their __init__ needs more than the standard library.
_EMPTY = ("distinguo", "distinguo.sandbox")

BOOTSTRAP = """
import importlib, marshal, sys
from importlib.machinery import ModuleSpec
sys.path[:] = [folder for folder in sys.path if folder]
with open(int(sys.argv[3]), "rb", closefd=False) as file:
    modules = marshal.load(file)
class Bundle:
    def find_spec(name, path=None, target=None):
        if name in modules:
            return ModuleSpec(name, Bundle, is_package=modules[name][0])
    def create_module(spec):
        return None
    def exec_module(module):
        code = modules[module.__name__][1]
        if isinstance(code, str):
            code = compile(code, "<sandbox>", "exec")
        exec(code, module.__dict__)
sys.meta_path.insert(0, Bundle)
importlib.import_module("distinguo.sandbox.inside." + sys.argv[1]).main(*sys.argv[2:])
"""
"""What such a process is started with, `-c`: the module whose main it calls, and that function's arguments, of which
the second is the bundle's descriptor."""


@cache
def bundle(*, sources: bool = False) -> bytes:
    """The modules; as `sources` for another version of Python, which cannot load our bytecode."""
    modules: dict[str, tuple[bool, CodeType | str]] = dict.fromkeys(_EMPTY, (True, ""))
    for name in BUNDLED:
        spec = importlib.util.find_spec(name)
        loader = spec and spec.loader
        found: CodeType | str | None = None
        if isinstance(loader, importlib.abc.InspectLoader):
            found = loader.get_source(name) if sources else loader.get_code(name)
        if spec is None or found is None:
            raise SandboxUnavailable(f"distinguo's installation is damaged ({name} is missing): install it again")
        is_package = spec.submodule_search_locations is not None
        modules[name] = (is_package, found if isinstance(found, str) else _nameless(found))
    return marshal.dumps(modules, 4)


def _nameless(code: CodeType) -> CodeType:
    """The same code without the path of its file, which a program could read in a warning."""
    constants = (_nameless(value) if isinstance(value, CodeType) else value for value in code.co_consts)
    return code.replace(co_filename="<sandbox>", co_consts=tuple(constants))
