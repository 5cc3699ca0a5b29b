"""Grading: a program on hidden tests, and the share of problems solved. Only here are hidden tests run."""

from distinguo.grading.grade import Grade, Grader, GroupGrade, grade
from distinguo.grading.statistics import pass_at_k

__all__ = ["Grade", "Grader", "GroupGrade", "grade", "pass_at_k"]
