"""The Python API: one file for each thing that can be done. Only here are the concrete parts put together."""

from distinguo.api.grading import GradeOptions, grade, grade_sync
from distinguo.api.selecting import SelectOptions, select, select_sync
from distinguo.api.solving import Result, open_clients, run_file, runs_folder, solve, solve_sync

__all__ = [
    "GradeOptions",
    "Result",
    "SelectOptions",
    "grade",
    "grade_sync",
    "open_clients",
    "run_file",
    "runs_folder",
    "select",
    "select_sync",
    "solve",
    "solve_sync",
]
