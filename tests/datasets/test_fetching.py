"""Fetching data sets: behind the seam by a fake hub, and the hub's own client against a server on this machine."""

import gzip
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from distinguo import datasets
from distinguo.datasets.fetching import HuggingFace, Unreachable
from distinguo.errors import InputError

TASK = {
    "task_id": "HumanEval/0", "prompt": 'def f(x):\n    """ >>> f(1)\n    1\n    """\n', "entry_point": "f",
    "canonical_solution": "    return x\n", "test": "def check(candidate):\n    assert candidate(3) == 3\n",
}  # fmt: skip
MBPP = {
    "task_id": 2, "text": "Write a function f.", "code": "def f(x): return x", "test_list": ["assert f(1) == 1"],
    "test_setup_code": "", "challenge_test_list": list[str](),
}  # fmt: skip
LIVE = {
    "question_title": "t", "question_content": "Sample Input 1\n\n1\n\nSample Output 1\n\n2", "platform": "atcoder",
    "question_id": "abc1", "starter_code": "", "public_test_cases": "[]", "private_test_cases": "[]",
}  # fmt: skip


NAMES, GET = HuggingFace.names, HuggingFace.get  # which conftest.py silences


def parquet(*records: dict[str, Any]) -> bytes:
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(records)), sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def lines(*records: dict[str, Any]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


class FakeHub:
    """Holds files by repository and name; `asked` is what was fetched."""

    def __init__(self, **repositories: dict[str, bytes]) -> None:
        self.files = {name.replace("__", "/"): files for name, files in repositories.items()}
        self.asked: list[str] = []

    def names(self, repository: str, revision: str) -> Sequence[str]:
        assert revision == "main"
        if repository not in self.files:
            raise Unreachable("Connection refused.\nReally")
        return list(self.files[repository])

    def get(self, repository: str, revision: str, name: str, folder: Path) -> None:
        self.asked.append(name)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(self.files[repository][name])


def cache() -> Path:
    return Path(os.environ["XDG_CACHE_HOME"]) / "distinguo" / "data"


@pytest.mark.parametrize(
    "name,repository,files,ids",
    [
        (
            "humaneval", "openai__openai_humaneval",
            {"README.md": b"", "openai_humaneval/test-00000-of-00001.parquet": parquet(TASK)}, ("HumanEval/0",),
        ),
        (
            "humaneval+", "evalplus__humanevalplus",
            {"data/test-00000-of-00001-5973903632b82d40.parquet": parquet(TASK)}, ("HumanEval/0",),
        ),
        (
            "mbpp", "google-research-datasets__mbpp",
            {f"{kind}/{split}-00000-of-00001.parquet": parquet({**MBPP, "task_id": number})
             for kind in ("sanitized", "full")
             for number, split in enumerate(("train", "test", "validation", "prompt"))},
            ("MBPP/3", "MBPP/1", "MBPP/2", "MBPP/0"),
        ),
        ("mbpp+", "evalplus__mbppplus", {
            "data/test-00000-of-00001-d5781c9c51e02795.parquet": parquet({**MBPP, "prompt": "x", "test": "assert f"}),
            "test.jsonl": b"",
        }, ("MBPP/2",)),
        ("livecodebench@v2..v3", "livecodebench__code_generation_lite", {
            f"test{number}.jsonl": lines({**LIVE, "question_id": f"abc{number}"}) for number in ("", 2, 3, 4)
        }, ("abc2", "abc3")),
    ],
)  # fmt: skip
def test_a_named_set_is_fetched_once(name: str, repository: str, files: dict[str, bytes], ids: tuple[str, ...]) -> None:
    hub = FakeHub(**{repository: files})
    first = datasets.open(name, hub=hub)
    assert first.ids == ids
    fetched = list(hub.asked)
    assert len(fetched) == len(set(fetched)) > 0
    hub.files.clear()
    assert datasets.open(name, hub=hub).ids == ids
    assert hub.asked == fetched
    assert datasets.load(f"{name}:{ids[0]}", data=None, hub=hub).problem.id == ids[0]


def test_only_the_files_that_are_missing_are_fetched() -> None:
    files = {f"test{number}.jsonl": lines({**LIVE, "question_id": f"abc{number}"}) for number in ("", 2, 3, 4, 5, 6)}
    hub = FakeHub(livecodebench__code_generation_lite=files)
    assert len(datasets.open("livecodebench@release_v2", hub=hub)) == 2
    assert hub.asked == ["test.jsonl", "test2.jsonl"]
    assert len(datasets.open("livecodebench", hub=hub)) == 6  # not only what happens to be there
    assert hub.asked == list(files)


def test_the_first_of_a_repositorys_forms_is_taken() -> None:
    record = {
        "question": "Q", "solutions": "[]", "starter_code": "", "input_output": "", "difficulty": "EASY", "url": "",
        "tags": "[]", "source": "codeforces", "name": None,
    }  # fmt: skip
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, pyarrow.Table.from_pylist([record]).schema) as writer:
        writer.write_table(pyarrow.Table.from_pylist([record]))
    arrow = {"test/data-00000-of-00001.arrow": sink.getvalue().to_pybytes(), "TACO.py": b""}
    shards = {f"ALL/test-{number:05}-of-00002.parquet": parquet(record) for number in range(2)}
    assert datasets.open("taco", hub=FakeHub(BAAI__TACO=arrow)).ids == ("TACO/0",)
    hub = FakeHub(BAAI__TACO={**arrow, **shards})
    (cache() / "taco/test/data-00000-of-00001.arrow").unlink()
    assert datasets.open("taco", hub=hub).ids == ("TACO/0", "TACO/1")
    assert hub.asked == list(shards)


@pytest.mark.parametrize("name", datasets.NAMES)
def test_a_set_that_cannot_be_fetched_says_what_to_put_where(name: str) -> None:
    with pytest.raises(InputError) as caught:
        datasets.open(name, hub=FakeHub())
    told = str(caught.value)
    assert told.startswith(f"{name} cannot be fetched from huggingface.co/datasets/")
    assert "(Connection refused. Really); try again online, or give the folder that holds " in told
    assert told.endswith(" with --data or DISTINGUO_DATA")
    assert "\n" not in told


def test_a_repository_that_has_changed_is_said() -> None:
    with pytest.raises(InputError, match=r"codeparrot/apps does not hold test\.jsonl any more; give the folder"):
        datasets.open("apps", hub=FakeHub(codeparrot__apps={"data/test.parquet": b""}))


def test_a_folder_that_is_named_is_never_filled(tmp_path: Path) -> None:
    hub = FakeHub(codeparrot__apps={"test.jsonl": b""})
    with pytest.raises(InputError, match="holds no file of apps"):
        datasets.open("apps", tmp_path, hub=hub)
    assert (hub.asked, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.parametrize(
    "content,told",
    [
        (parquet(TASK)[:200], "is damaged, fetch it again"),
        (b"PAR1", "is damaged, fetch it again"),
        (gzip.compress(lines(TASK))[:40], "is damaged"),
        (b"<!DOCTYPE html><title>503</title>", "it is a web page"),
        (
            parquet({"task": "HumanEval/0", "text": "x"}),
            "known data set's format: its first record holds task, text",
        ),
        (parquet(MBPP), "holds records of MBPP, not of humaneval"),
        (b"", "it is empty"),
    ],
    ids=("cut Parquet", "no Parquet", "cut gzip", "page", "other fields", "other set", "empty"),
)
def test_a_corrupt_or_changed_download_says_how_to_get_it_anew(content: bytes, told: str) -> None:
    hub = FakeHub(openai__openai_humaneval={"openai_humaneval/test-00000-of-00001.parquet": content})
    with pytest.raises(InputError) as caught:
        datasets.open("humaneval", hub=hub)
    place = cache() / "human-eval" / "openai_humaneval"
    assert str(place / "test-00000-of-00001.parquet") in str(caught.value)
    assert told in str(caught.value)
    assert str(caught.value).endswith(f"; delete {place} and the next run fetches it anew")


def test_a_cache_that_cannot_be_written_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"apps cannot be fetched .*Not a directory"):
        datasets.open("apps", hub=FakeHub(codeparrot__apps={"test.jsonl": b""}))


def test_without_huggingface_hub_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HuggingFace, "names", NAMES)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match=r"pip install 'distinguo\[data\]'\); try again online, or give the folder"):
        datasets.open("apps")


def test_a_download_that_fails_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: Any, **options: Any) -> str:
        raise OSError("[Errno 28] No space left on device")

    monkeypatch.setattr(HuggingFace, "names", lambda hub, repository, revision: ["test.jsonl"])
    monkeypatch.setattr(HuggingFace, "get", GET)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", fails)
    with pytest.raises(InputError, match=r"apps \(test\.jsonl: \[Errno 28\] No space left on device\); try again"):
        datasets.open("apps")


# --- huggingface_hub itself, in a process of its own because it reads its settings when it is imported


class Hub(http.server.BaseHTTPRequestHandler):
    """The two requests of the hub that are needed: which files a repository has, and a file."""

    content = parquet(TASK)
    commit = "0" * 40

    def do_GET(self) -> None:
        self._answer(True)

    def do_HEAD(self) -> None:
        self._answer(False)

    def _answer(self, body: bool) -> None:
        path = self.path.partition("?")[0]
        kind, content = "application/json", b""
        if path == "/api/datasets/openai/openai_humaneval/revision/main":
            siblings = [{"rfilename": "README.md"}, {"rfilename": "openai_humaneval/test-00000-of-00001.parquet"}]
            content = json.dumps({"id": "openai/openai_humaneval", "sha": self.commit, "siblings": siblings}).encode()
        elif path.endswith("/openai_humaneval/test-00000-of-00001.parquet"):
            kind, content = "application/octet-stream", self.content
        self.send_response(200 if content else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", '"1"')
        self.send_header("X-Repo-Commit", self.commit)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


PROGRAM = """
import sys
from distinguo import datasets
from distinguo.errors import InputError
try:
    print(*datasets.open(sys.argv[1]).ids)
except InputError as error:
    print(error)
"""


def asked(name: str, **environment: str) -> str:
    variables = {**os.environ, "NO_PROXY": "127.0.0.1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", **environment}
    variables["HF_HOME"] = variables["XDG_CACHE_HOME"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, name], env=variables, capture_output=True, text=True, check=False, timeout=60
    )
    assert "Traceback" not in done.stderr
    return done.stdout.strip()


def test_the_hubs_own_client_fetches_a_set(address: str) -> None:
    assert asked("humaneval", HF_ENDPOINT=address, HF_HUB_OFFLINE="0") == "HumanEval/0"
    assert (cache() / "human-eval/openai_humaneval/test-00000-of-00001.parquet").read_bytes() == Hub.content
    assert asked("humaneval", HF_ENDPOINT="http://127.0.0.1:9") == "HumanEval/0"  # from the cache


@pytest.mark.parametrize(
    "environment,told",
    [
        ({"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}, "Connection refused"),
        ({"HF_HUB_OFFLINE": "1"}, "offline mode is enabled"),
    ],
)
def test_without_a_network_the_sentence_comes_at_once(environment: dict[str, str], told: str) -> None:
    found = asked("humaneval", **environment)
    assert found.startswith("humaneval cannot be fetched from huggingface.co/datasets/openai/openai_humaneval (")
    assert told in found
    assert found.endswith("give the folder that holds HumanEval.jsonl.gz with --data or DISTINGUO_DATA")


def test_a_repository_that_is_not_there_is_said(address: str) -> None:
    assert "apps cannot be fetched" in asked("apps", HF_ENDPOINT=address, HF_HUB_OFFLINE="0")
