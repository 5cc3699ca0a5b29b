import io
import os
import threading
from pathlib import Path
from typing import BinaryIO, cast

from distinguo.datasets.pipes import Pipe, unbuffered


def test_a_reader_that_waits_is_ended() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as file, open(writing, "wb"):  # noqa: PTH123  descriptors
        pipe = Pipe(file)
        caught = list[OSError]()

        def read() -> None:
            try:
                pipe.buffered().read()
            except OSError as error:
                caught.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        pipe.stop()
        reader.join()
    assert "stopped" in str(caught[0])


def test_all_that_is_written_is_read() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as file:  # noqa: PTH123  a descriptor
        os.write(writing, b"one\ntwo\n")
        os.close(writing)
        assert list(Pipe(file).buffered()) == [b"one\n", b"two\n"]


def test_only_an_unbuffered_pipe_is_one_to_wait_for(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(writing)
    (tmp_path / "file").write_bytes(b"x")
    with (tmp_path / "file").open("rb", buffering=0) as regular, open(reading, "rb") as buffered:  # noqa: PTH123
        assert unbuffered(cast(BinaryIO, regular)) is None
        assert unbuffered(buffered) is None
        assert unbuffered(io.BytesIO()) is None
        assert unbuffered(cast(BinaryIO, buffered.raw)) is buffered.raw
