"""`distinguo doctor`: what it tries, prints and exits with."""

import json
import os
import subprocess
import sys

import pytest

from distinguo import doctor
from distinguo.doctor import Diagnosis, Layer, Suite, Tool
from distinguo.errors import InputError
from distinguo.sandbox import hostile
from distinguo.sandbox.hostile.attacks import attacks
from distinguo.sandbox.isolation import Isolation

HELD, OTHER = (hostile.Result(attack, (), False) for attack in attacks()[:2])
GAP = hostile.Result(attacks()[2], ("it says that it succeeded",), True)
THROUGH = hostile.Result(attacks()[3], ("a file of the host was changed",), False)


def diagnosis(*results: hostile.Result, isolated: bool = True) -> Diagnosis:
    return Diagnosis(
        isolation=Isolation("no namespaces", ("Landlock ABI 7",), ("the host's paths exist",)) if isolated else None,
        refused={"namespaces": "the kernel refuses new namespaces"},
        layers=(Layer("seccomp", ""), Layer("pid namespace", "unshare: Operation not permitted")),
        languages=(Tool("programs in python", "", ""),),
        tools=(Tool("/usr/bin/g++", "12.2", ""),),
        user="root",
        cores=2,
        memory_mb=2048,
        suite=Suite(results, 1.5) if results else None,
    )


def test_exit_status_says_what_it_came_to() -> None:
    assert diagnosis().exit_status == 0
    assert diagnosis(HELD, GAP).exit_status == 0
    assert diagnosis(HELD, THROUGH).exit_status == doctor.GOT_THROUGH == 1
    assert diagnosis(isolated=False).exit_status == doctor.NO_SANDBOX == 5


def test_report_counts_what_was_held_what_got_through_and_what_is_known() -> None:
    suite = diagnosis(HELD, OTHER, GAP, THROUGH).as_dict()["suite"]
    assert (suite["attacks"], suite["held"]) == (4, 2)
    assert [row["name"] for row in suite["through"]] == [THROUGH.attack.name]
    assert [row["name"] for row in suite["known_gaps"]] == [GAP.attack.name]
    assert suite["through"][0]["reasons"] == ["a file of the host was changed"]


def test_text_names_every_layer_gap_and_failure() -> None:
    text = diagnosis(HELD, THROUGH).text(200)
    for wanted in (
        "ok  seccomp",
        "no  pid namespace",
        "Operation not permitted",
        "Active: no namespaces",
        "the host's paths exist",
        "the kernel refuses new namespaces",
        f"GOT THROUGH: {THROUGH.attack.name}",
        "1 of 2 hostile programs held",
        "2,048 MiB",
    ):
        assert wanted in text
    assert "no program can be run" in diagnosis(isolated=False).text(200)
    assert max(map(len, diagnosis(HELD).text(60).splitlines())) <= 60


async def test_examination_tries_the_layers_of_this_machine() -> None:
    found = await doctor.examine(quick=True)
    if found.isolation is None:
        pytest.skip("there is no sandbox here")
    problems = {layer.name: layer.problem for layer in found.layers}
    assert {"user namespace", "pid namespace", "own mounts", "seccomp", "Landlock", "resource limits"} <= set(problems)
    assert problems["seccomp"] == problems["resource limits"] == ""
    assert (problems["own user"] == "") == (os.geteuid() == 0)
    assert found.suite is None
    assert found.cores >= 1
    assert found.memory_mb > 0
    assert json.loads(json.dumps(found.as_dict())) == found.as_dict()
    assert found.languages[0] == Tool("programs in python", "", "")


async def test_other_systems_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(InputError, match="Linux"):
        await doctor.examine(quick=True)


def test_a_missing_compiler_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    (compiler,) = doctor._compilers()
    assert "not installed" in compiler.problem


@pytest.mark.parametrize("flags", [["--json"], []])
def test_command_prints_a_report(flags: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "distinguo", "doctor", "--quick", *flags], capture_output=True, text=True
    )
    assert done.returncode in (0, 5), done.stderr
    if flags:
        assert "isolation" in json.loads(done.stdout)
    else:
        assert "seccomp" in done.stdout
        assert "Active: " in done.stdout or "no sandbox" in done.stdout
