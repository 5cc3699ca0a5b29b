# `make` alone lists the commands. Each sets up what it needs first (tools/setup-venv), once.
PYTHON ?= python3
VENV ?= .venv
PROBLEM ?= examples/leap-year
ARGS ?=
export PYTHON VENV

BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help solve test lint types coverage lock clean

help:  ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18
	@echo "Another interpreter: PYTHON=python3.12. Another problem or more flags: make solve PROBLEM=PATH ARGS='-n 8'."

solve:  ## solve an example problem with the embedded model
	@tools/setup-venv runtime
	@$(BIN)/distinguo solve $(PROBLEM) $(ARGS)

test: lint types  ## check style and types, then run all tests
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

lint:  ## check style and formatting
	@tools/setup-venv test
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types:  ## check types
	@tools/setup-venv test
	@$(BIN)/mypy

coverage:  ## run all tests and show which lines they reach
	@tools/setup-venv test
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --cov --cov-report=term-missing:skip-covered

lock:  ## pin the newest versions that pyproject.toml allows
	@tools/setup-venv test
	@tools/lock

clean:  ## remove what these commands made
	rm -rf $(VENV) build dist htmlcov .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
