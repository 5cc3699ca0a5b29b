"""What a run of the cold profile needs, written by the host and read by the run's first process.

Both sides are ours: no program ever writes a job.
"""

import marshal
from typing import NamedTuple

SCRATCH = "/tmp"  # inside: the one folder that a program can write, and its working directory


class Job(NamedTuple):
    """A command and the folder it is run in.

    command: the arguments, the executable's path first. environment: all of its variables.
    files: what lies in the scratch folder at the start, by relative path; a content of None makes a folder.
    wanted: the file whose content is handed back, or "". It need not be there; of what is no plain file or larger than
    `wanted_bytes` nothing is handed back.
    scratch_bytes: the scratch folder's size. processes: whether the command may start others.
    """

    command: tuple[str, ...]
    environment: dict[str, str]
    files: dict[str, bytes | None]
    wanted: str
    wanted_bytes: int
    scratch_bytes: int
    processes: bool

    def pack(self) -> bytes:
        """Write the job."""
        return marshal.dumps(tuple(self))


def unpack_job(content: bytes) -> Job:
    """Read what `Job.pack` wrote."""
    return Job(*marshal.loads(content))
