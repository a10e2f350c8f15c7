SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.synced
# A file's tests stay with one worker, so that they share its fixtures and start Ray once. Workers fill the cores, so
# polars needs no threads of its own for tables of a few rows.
PYTEST := POLARS_MAX_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# One more than there are cores: with as many as cores, a quarter of their time was idle in the quick run.
WORKERS := $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))

.PHONY: setup demo test test-full check lint contracts types proto proto-check proto-baseline clean

setup: $(STAMP)

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"

$(STAMP): pyproject.toml uv.lock | $(BIN)/uv
	$(BIN)/uv sync --frozen --inexact --all-extras --python $(BIN)/python
	touch $(STAMP)

demo: setup
	$(BIN)/concordat generate --preset demo --seed 7 --overwrite build/demo/scenario
	$(BIN)/concordat plan build/demo/scenario --out build/demo/plan --overwrite --gap 0.01 --time-limit 120
	$(BIN)/concordat verify build/demo/plan build/demo/scenario
	$(BIN)/concordat report build/demo/plan --out build/demo/report.html

check: contracts lint types proto-check

contracts: setup
	$(BIN)/lint-imports

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The examples as somebody else's code would be checked: against the types that the client is installed with.
types: setup
	$(BIN)/mypy
	$(BIN)/mypy examples/python/*.py

test: check
	PYTEST_XDIST_AUTO_NUM_WORKERS=$(WORKERS) $(PYTEST) -m "not slow"

test-full: check
	$(PYTEST)

proto: setup
	$(BIN)/python -m grpc_tools.protoc -I proto --python_out=. --pyi_out=. --grpc_python_out=. proto/planner/wire/v1/*.proto

# The contract may grow but never change under those who use it: compared with what the last release promised.
proto-check: setup
	$(BIN)/buf lint
	$(BIN)/buf breaking --against proto/baseline/v1.txtpb

# At a release only: from then on the contract as it stands is what may not change.
proto-baseline: setup
	$(BIN)/buf build --exclude-source-info -o proto/baseline/v1.txtpb

clean:
	rm -rf build .venv
