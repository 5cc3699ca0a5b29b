"""Measuring methods on data sets: runs, what they come to, and simulated worlds that price selectors."""

from distinguo.bench.bench import BenchOptions, plan, run, run_sync
from distinguo.bench.runner import Finished, Plan, Progress

__all__ = ["BenchOptions", "Finished", "Plan", "Progress", "plan", "run", "run_sync"]
