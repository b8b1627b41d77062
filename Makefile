# Set-up included: `make run` and `make test` work on a fresh machine with Python 3.11 or later.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: run test bench check format docs leaderboard audits clean

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
	$(BIN)/python -m leaderboards.metrics --check
	$(BIN)/python -m leaderboards.readme --check

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Reference rows, and what findings are made of: resumed where it was stopped, a sitting at a time.
SEEDS ?= 0 1 2 3 4
BACKENDS ?= pocket synthetic
WORKERS ?= $(shell nproc)
PRESETS = $(addprefix shared-,batchtopk jumprelu matryoshka) \
	$(addprefix posthoc-,greedy sinkhorn decoder procrustes cca nocut) \
	$(addprefix jsae-,topk noalign noalign-posthoc llava) iso-energy-untuned group-sparse-untuned \
	group-sparse-masked sparc-nocross untrained-separated vista-nosae
STEERED = jsae jsae-noalign jsae-noalign-posthoc posthoc shared
leaderboard: $(VENV)/.installed
	$(BIN)/python -m benchmark run --method all $(PRESETS) --backend $(BACKENDS) --seed $(SEEDS) \
		--workers $(WORKERS) --output-path results/reference
	$(BIN)/python -m benchmark run --method $(STEERED) --task steering_asymmetry \
		--backend pocket-llava pocket-llava-frozen --seed 0 1 2 \
		--workers $(WORKERS) --output-path results/steering
	$(BIN)/python -m leaderboards.bundle results/reference/document.json \
		results/steering/document.json
	$(BIN)/python -m leaderboards.findings results/reference results/steering
	$(BIN)/python -m leaderboards.readme

# What each metric does where dictionaries get worse.
audits: $(VENV)/.installed
	$(BIN)/python -m benchmark audit --output-path results/audit/synthetic || test $$? = 1
	$(BIN)/python -m benchmark audit --backend pocket-clip --output-path results/audit/pocket-clip \
		|| test $$? = 1
	$(BIN)/python -m leaderboards.audits results/audit/*/audit.json
	$(BIN)/python -m leaderboards.readme

docs: $(VENV)/.installed
	$(BIN)/python -m leaderboards.metrics
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
