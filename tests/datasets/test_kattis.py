import os
from pathlib import Path

import pytest
from fakes.published import published
from hypothesis import given
from hypothesis import strategies as st

from distinguo import datasets
from distinguo.datasets import Loaded
from distinguo.datasets.htmltext import to_text
from distinguo.errors import InputError
from distinguo.problem import CallStyle, Limits, TestGroup

YAML = "name: Twice\ntype: pass-fail\n"
ALIASES = (
    "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)) + "name: *a9\n"
)


def package(folder: Path, **files: str) -> Path:
    """A package of the given files; in their names `__` stands for a slash, and `_ans` for `.ans`."""
    wanted = {
        "problem.yaml": YAML,
        "problem_statement/problem.en.md": "Print twice the number.\n",
        "data/sample/1.in": "1\n",
        "data/sample/1.ans": "2\n",
        "data/secret/2.in": "2\n",
        "data/secret/2.ans": "4\n",
        **{name: text for name, text in files.items() if text != "-"},
    }
    for name, text in wanted.items():
        if files.get(name) != "-":
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return folder


def load(folder: Path, files: dict[str, str] | None = None) -> Loaded:
    return datasets.load(str(package(folder / "twice", **(files or {}))), data=None)


def failure(folder: Path, files: dict[str, str]) -> str:
    with pytest.raises(InputError) as caught:
        load(folder, files)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_samples_are_public_and_secret_data_hidden(tmp_path: Path) -> None:
    problem, hidden = load(tmp_path, {"data/secret/10.in": "3", "data/secret/10.ans": "6", "data/secret/3.in": "7"})
    assert (problem.id, problem.style, problem.checker, problem.validator) == (
        "twice",
        CallStyle.STDIN,
        "package",
        None,
    )
    assert problem.statement == "# Twice\n\nPrint twice the number.\n"
    assert [(test.name, test.input, test.expected) for test in problem.public_tests] == [("sample/1", "1\n", "2\n")]
    assert hidden is not None
    assert [(test.name, test.expected) for test in hidden.tests] == [
        ("secret/2", "4\n"),
        ("secret/3", None),
        ("secret/10", "6"),
    ]
    assert hidden.groups == ()


@pytest.mark.parametrize("place", ["problem_statement", "statement"])
def test_samples_beside_the_statement_count_where_they_say_more(tmp_path: Path, place: str) -> None:
    extra = {
        f"{place}/twice_sample_ts1_input.txt": "1\n",
        f"{place}/twice_sample_ts1_output.txt": "2\n",
        f"{place}/twice_sample_ts3_input.txt": "9\n",
        f"{place}/twice_sample_ts3_output.txt": "18\n",
        f"{place}/twice_sample_ts4_input.txt": "0\n",
    }
    assert [test.name for test in load(tmp_path, extra).problem.public_tests] == ["sample/1", "sample/ts3"]
    without = {"data/sample/1.in": "-", "data/sample/1.ans": "-"}
    other = tmp_path / "other"
    assert [test.name for test in load(other, {**extra, **without}).problem.public_tests] == [
        "sample/ts1",
        "sample/ts3",
    ]


# --- groups


def test_groups_are_worth_what_their_tests_add_up_to(tmp_path: Path) -> None:
    files = {
        "problem.yaml": "name: {sv: Dubbelt, en: Twice}\ntype: scoring\n",
        "data/secret/2.in": "-",
        "data/secret/2.ans": "-",
    }
    for group, table in {
        "a": "accept_score: 5\nrange: 0 5\n",
        "b": "accept_score: 3\n",
        "c": "accept_score: 3\ngrader_flags: min\n",
        "d": "accept_score: 3\nrange: 0 4\n",
        "e": "",
        "f": "max_score: 7\n",
        "g": "scoring:\n  score: 8\n",
    }.items():
        files[f"data/secret/{group}/{'test_group' if group == 'f' else 'testdata'}.yaml"] = table
        for number in range(1 if group == "a" else 2):
            files[f"data/secret/{group}/{number}.in"] = files[f"data/secret/{group}/{number}.ans"] = "1"
    _, hidden = load(tmp_path, files)
    assert hidden is not None
    scores = {"a": 5, "b": 6, "c": 3, "d": 4, "e": 2, "f": 7, "g": 8}
    assert hidden.groups == tuple(TestGroup(f"secret/{name}", score) for name, score in scores.items())


# --- how outputs are compared


@pytest.mark.parametrize(
    "files,checker",
    [
        ({"problem.yaml": "validator_flags: float_tolerance 1e-6"}, "package float_tolerance 1e-6"),
        ({"problem.yaml": "validation: default\nvalidator_flags: case_sensitive"}, "package case_sensitive"),
        ({"data/testdata.yaml": "output_validator_flags: space_change_sensitive"}, "package space_change_sensitive"),
        (
            {
                "problem.yaml": "validator_flags: float_tolerance 1e-6",
                "data/secret/testdata.yaml": "output_validator_flags: ''",
            },
            "package",
        ),
        (
            {"data/secret/test_group.yaml": "output_validator_args: [float_tolerance, '1e-4']"},
            "package float_tolerance 1e-4",
        ),
        (
            {"problem.yaml": "output_validator_flags: float_relative_tolerance 1e-9"},
            "package float_relative_tolerance 1e-9",
        ),
    ],
)
def test_flags_of_the_default_validator(tmp_path: Path, files: dict[str, str], checker: str) -> None:
    assert load(tmp_path, files).problem.checker == checker


@pytest.mark.parametrize(
    "files,order,language",
    [
        ({"output_validators/validate.py": "import sys"}, ["validate.py"], "python"),
        (
            {
                "output_validators/v/b.py": "x = 1",
                "output_validators/v/a.py": "if __name__ == '__main__': pass",
                "output_validators/v/README": "!",
            },
            ["a.py", "b.py"],
            "python",
        ),
        (
            {
                "output_validators/v/z.h": "#",
                "output_validators/v/y.cpp": "int f();",
                "output_validators/v/x.cc": "int main() {}",
            },
            ["x.cc", "y.cpp", "z.h"],
            "c++",
        ),
        (
            {"problem.yaml": "problem_format_version: 2023-07-draft", "output_validator/main.py": ""},
            ["main.py"],
            "python",
        ),
    ],
)
def test_a_validator_of_the_package(tmp_path: Path, files: dict[str, str], order: list[str], language: str) -> None:
    yaml = files.get("problem.yaml", "validation: custom")
    files = {**files, "problem.yaml": f"{yaml}\nname: T\nvalidator_flags: a b"}
    validator = load(tmp_path, files).problem.validator
    assert validator is not None
    assert [name for name, _ in validator.files] == order
    assert all(
        text == files[next(path for path in files if path.endswith(f"/{name}"))] for name, text in validator.files
    )
    assert (validator.language, validator.flags) == (language, ("a", "b"))


def test_a_validator_is_not_used_where_the_default_one_is_named(tmp_path: Path) -> None:
    files = {"problem.yaml": "validation: default", "output_validators/validate.py": "import sys"}
    assert load(tmp_path, files).problem.validator is None


# --- limits


@pytest.mark.parametrize(
    "files,limits",
    [
        ({}, Limits(10, 30, 2048, 8 << 20)),
        ({"problem.yaml": "limits: {time_limit: 2.5, memory: 256, output: 1}"}, Limits(2.5, 7.5, 256, 1 << 20)),
        ({".timelimit": "3\n"}, Limits(3, 9, 2048, 8 << 20)),
        ({"domjudge-problem.ini": "probid='a'\ntimelimit='4'\n"}, Limits(4, 12, 2048, 8 << 20)),
        (
            {"problem_statement/problem.en.md": "Time limit: 20 seconds per test set.\nMemory limit: 1GB."},
            Limits(20, 60, 1024, 8 << 20),
        ),
        (
            {"problem_statement/problem.en.md": "Time limit: TBD seconds. Memory limit: 64 MB"},
            Limits(10, 30, 64, 8 << 20),
        ),
        ({".timelimit": "3", "problem_statement/problem.en.md": "Time limit: 20 seconds"}, Limits(3, 9, 2048, 8 << 20)),
    ],
)
def test_limits_are_found_where_the_package_names_them(tmp_path: Path, files: dict[str, str], limits: Limits) -> None:
    assert load(tmp_path, files).problem.limits == limits


# --- what is refused


@pytest.mark.parametrize(
    "files,told",
    [
        ({"problem.yaml": "validation: custom"}, "says validation: custom, but holds no output validator"),
        ({"problem.yaml": "validation: custom interactive"}, "is interactive: only programs that read"),
        ({"problem.yaml": "type: [scoring, interactive]"}, "is interactive"),
        ({"problem.yaml": "type: multi-pass"}, "is multi-pass"),
        ({"problem.yaml": "name: [unclosed"}, "problem.yaml, line 1 is not YAML"),
        ({"problem.yaml": "- a list"}, "problem.yaml must hold keys with values"),
        ({"problem.yaml": "name: \x07"}, "is not YAML"),
        ({"problem.yaml": "a: !!python/object/apply:os.system ['true']"}, "is not YAML"),
        ({"problem.yaml": "validator_flags: float_tolerance x"}, "needs a tolerance"),
        ({"problem.yaml": "validator_flags: frobnicate"}, "has no flag frobnicate"),
        ({"problem.yaml": "limits: {time_limit: soon}"}, "limits.time_limit must be a number"),
        ({"problem.yaml": "limits: {memory: -1}"}, "limits.memory must be a number"),
        ({"problem.yaml": f"limits: {{time_limit: 1{'0' * 400}}}"}, "limits.time_limit must be a number"),
        ({"problem.yaml": ALIASES}, "problem.yaml stands for more than 100,000 values"),
        ({"problem.yaml": "name: &a [*a]"}, "problem.yaml stands for more than 100,000 values"),
        ({"problem.yaml": "type: scoring", "data/secret/testdata.yaml": "range: 0 nan"}, "a range has two numbers"),
        (
            {"problem.yaml": "validation: custom", "output_validators/V.java": "class V {}"},
            "must be written in Python or in C++, not .java",
        ),
        (
            {"problem.yaml": "validation: custom", "output_validators/a/v.py": "", "output_validators/b/v.py": ""},
            "holds several output validators",
        ),
        (
            {
                "data/secret/testdata.yaml": "output_validator_flags: case_sensitive",
                "data/secret/x/testdata.yaml": "output_validator_flags: ''",
                "data/secret/x/1.in": "",
            },
            "different output validator flags",
        ),
        ({"problem.yaml": "type: scoring", "data/secret/testdata.yaml": "range: all"}, "a range has two numbers"),
        (
            {"problem.yaml": "type: scoring", "data/secret/testdata.yaml": "accept_score: much"},
            "accept_score must be a number",
        ),
        (
            {"problem_statement/problem.en.md": "-", "problem_statement/problem.pdf": "%PDF"},
            "has no statement that can be read",
        ),
    ],
)
def test_what_is_wrong_with_a_package_is_one_sentence(tmp_path: Path, files: dict[str, str], told: str) -> None:
    assert told in failure(tmp_path, files)


@pytest.mark.parametrize(
    "name", ["problem.yaml", "problem_statement/problem.en.md", "data/secret/2.ans", "data/secret"]
)
def test_a_link_out_of_a_package_is_refused(tmp_path: Path, name: str) -> None:
    package(tmp_path / "twice")
    (tmp_path / "twice" / name).rename(tmp_path / "elsewhere")
    (tmp_path / "twice" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=f"{name} is a link out of the package"):
        datasets.load(str(tmp_path / "twice"), data=None)


def test_a_link_within_a_package_is_followed(tmp_path: Path) -> None:
    package(tmp_path / "twice", **{"data/secret/2.in": "-", "data/secret/2.ans": "-"})
    for ending in ("in", "ans"):
        (tmp_path / f"twice/data/secret/1.{ending}").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"twice/data/secret/1.{ending}").symlink_to(f"../sample/1.{ending}")
    (tmp_path / "linked").symlink_to(tmp_path / "twice")
    loaded = datasets.load(str(tmp_path / "linked"), data=None)
    assert loaded.hidden is not None
    assert [(test.input, test.expected) for test in loaded.hidden.tests] == [("1\n", "2\n")]


def test_a_pipe_is_no_test(tmp_path: Path) -> None:
    os.mkfifo(package(tmp_path / "twice") / "data/secret/3.in")
    with pytest.raises(InputError, match=r"3\.in is no file"):
        datasets.load(str(tmp_path / "twice"), data=None)


def test_limits_are_never_nothing(tmp_path: Path) -> None:
    limits = load(tmp_path, {"problem.yaml": "limits:\n  memory: 0.5\n  output: 0.0000001\n"}).problem.limits
    assert (limits.memory_mb, limits.output_bytes) == (1, 1)


def test_a_wrong_package_does_not_hide_the_others(tmp_path: Path) -> None:
    package(tmp_path / "wrong", **{"problem.yaml": "validation: custom"})
    package(tmp_path / "right")
    data = datasets.open(str(tmp_path))
    assert data.ids == ("right", "wrong")
    assert data.get("right").problem.id == "right"
    with pytest.raises(InputError, match="no output validator"):
        data.get("wrong")


# --- statements


@pytest.mark.parametrize(
    "files,kept",
    [
        ({"problem_statement/problem.sv.md": "Skriv.", "problem_statement/problem.md": "Write."}, "Print twice"),
        (
            {
                "problem_statement/problem.en.md": "-",
                "problem_statement/problem.sv.md": "Skriv.",
                "problem_statement/problem.tex": "\\problemname{}Write.",
            },
            "Write.",
        ),
        ({"problem_statement/problem.en.md": "-", "statement/problem.en.md": "Later."}, "Later."),
        ({"problem_statement/problem.en.md": "-", "problem_statement/problem.html": "<p>Hyper</p>"}, "Hyper"),
    ],
)
def test_the_english_statement_is_taken(tmp_path: Path, files: dict[str, str], kept: str) -> None:
    assert kept in load(tmp_path, files).problem.statement


HTML = """<html><head><title>no</title><style>p { }</style></head><body><script>let x = "<p>no</p>";</script>
<h1>Even  Digits</h1><p>Let <b>N</b> be
at most 10<sup>18</sup>, a<sub>1</sub> &le; $$$x &lt; y$$$.<br/>So.</p><ul><li>one</li><li>two</li></ul>
<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>
<p><img src="x.png" alt="a picture"/><img src="y.png"></p>
<div class="sample"><div class="header-copy-button" onclick="f('<p>');"><i class="material-icons">copy</i><br></div>
<pre class="sample-content-text">4
  1 2

</pre></div><div hidden>no</div><p></p><p>End.</p></body></html>"""


def test_html_becomes_what_a_reader_sees() -> None:
    assert to_text(HTML) == (
        "# Even Digits\n\nLet N be at most 10^18, a_1 ≤ $x < y$.\nSo.\n\n- one\n- two\n\na | b\nc | d\n\n"
        "[a picture]\n\n"
        "```\n4\n  1 2\n\n```\n\nEnd.\n"
    )


@given(
    st.lists(
        st.sampled_from(
            ["<p>", "</p>", "<pre>", "</pre>", "<b", "<script>", "</script>", "<li>", "&lt;", "a ", "\n", "<!--"]
        )
    )
)
def test_no_html_makes_reading_fail(parts: list[str]) -> None:
    text = to_text("".join(parts))
    assert text.endswith("\n")
    assert "\n\n\n" not in text or "<pre>" in parts


# --- the published packages


@pytest.fixture
def packages() -> datasets.DataSet:
    return datasets.open(str(published("kattis")))


def test_published_packages_are_read(packages: datasets.DataSet) -> None:
    assert len(packages) == 8
    for task_id in packages.ids:
        if task_id.endswith("reversort_engineering"):
            continue
        problem, hidden = packages.get(task_id)
        assert hidden is not None
        assert problem.checker.startswith("package float_tolerance 1e-")
        assert sum(group.score for group in hidden.groups) in (16, 19, 17, 15, 23, 22, 38)
        assert [test.name.rpartition("/")[0] for test in hidden.tests] == [group.name for group in hidden.groups]
        assert all(test.expected and test.expected.startswith("Case #1: ") for test in problem.public_tests)
        assert "Input" in problem.statement
        for unseen in ("<p>", "Copied!", "save_alt", "function", "{", "$$$"):
            assert (
                unseen not in problem.statement.replace("\\mathbf{", "").replace("_{", "").replace("^{", "")
                or unseen == "{"
            )
    assert [test.name for test in packages.problem("even_digits").public_tests] == ["sample/ts1"]
    assert [test.name for test in packages.problem("moons_and_umbrellas").public_tests] == ["sample/1", "sample/ts3"]


def test_a_package_that_lacks_its_validator_cannot_be_judged_at_all(packages: datasets.DataSet) -> None:
    for ask in (packages.problem, packages.get):
        with pytest.raises(InputError, match="says validation: custom, but holds no output validator"):
            ask("reversort_engineering")
