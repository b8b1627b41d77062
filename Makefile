# Set-up included: `make run` and `make test` work on a fresh machine with Python 3.11 or later.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: run test bench check format docs leaderboard clean

run: $(VENV)/.installed
	$(BIN)/python -m benchmark run --method jsae

test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmark kernels --quick
	$(BIN)/python -m pytest tests/perf --benchmark-enable --benchmark-only

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m leaderboards.readme --check

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Reference rows: every method and control on the shipped CLIP; resumed where it was stopped.
SEEDS ?= 0 1 2
leaderboard: $(VENV)/.installed
	$(BIN)/python -m benchmark run --method all posthoc-nocut jsae-topk jsae-noalign \
		jsae-noalign-posthoc --backend pocket-clip --seed $(SEEDS) \
		--output-path results/reference
	$(BIN)/python -m leaderboards.bundle results/reference/document.json
	$(BIN)/python -m leaderboards.readme

docs: $(VENV)/.installed
	$(BIN)/python -m leaderboards.readme

clean:
	rm -rf $(VENV) build *.egg-info

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/.installed
