"""Programs in C++ for the cold profile, and a look at its processes."""

import asyncio

from distinguo.problem import Limits, Program
from distinguo.sandbox.cold import Cold
from distinguo.sandbox.hostile.traps import processes_below

LIMITS = Limits(cpu_seconds=1.0, wall_seconds=10, memory_mb=128, output_bytes=1 << 16)
ANSWER = Program('#include <cstdio>\nint main() { int x; scanf("%d", &x); printf("%d\\n", 2 * x); }', language="c++")


def cpp(body: str, *headers: str) -> Program:
    """A program whose main has this body."""
    includes = "".join(f"#include <{header}>\n" for header in ("cstdio", *headers))
    return Program(f"{includes}int main(int argc, char **argv) {{ {body} }}\n", language="c++")


def server(cold: Cold) -> int:
    (pool,) = cold._pools.values()
    (worker,) = pool._workers
    return worker._process.pid


async def started(cold: Cold) -> list[int]:
    """The processes of a run that is going on, once there are some."""
    while not (running := processes_below(server(cold))[1:]):  # noqa: ASYNC110  nothing tells of them
        await asyncio.sleep(0.01)
    return running
