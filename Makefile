# The exchange's commands. Each builds what it needs first: a Python of 3.11 or newer is all that must be there.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 5000
# Several processes run tests; WORKERS= runs them in one.
WORKERS ?= -n auto --dist loadscope

RUN_READY := $(VENV)/.requirements-installed
DEV_READY := $(VENV)/.requirements-dev-installed
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
SOURCES := order_engine stress examples $(wildcard app.py)

.PHONY: help demo run test lint format bench stress soak siege clean

help:
	@echo "make demo    serve an exchange on PORT ($(PORT)) whose market moves; its data is thrown away"
	@echo "make run     serve on PORT ($(PORT))"
	@echo "make test    lint, then every test; TEST_SCALE=4 has the seeded ones do four times as much"
	@echo "make lint    ruff, mypy --strict, import contracts"
	@echo "make format  let ruff rewrite what it can"
	@echo "make bench   measure the core, also against itself before most of its rules, and the durable POST"
	@echo "make stress  30 s of seeded load on a server of its own, then check what it did"
	@echo "make soak    10 minutes of seeded load; fails if memory or the journal grow, or projections fall behind"
	@echo "make siege   5 minutes of attacks on a server of 512 MiB and one processor, while one honest client trades"
	@echo "make clean   remove the virtual environment and the caches"

demo: $(RUN_READY)
	PORT=$(PORT) exec $(BIN)/python -m order_engine demo

run: $(RUN_READY)
	PORT=$(PORT) exec $(BIN)/python -m order_engine serve

test: lint
	$(BIN)/python -m pytest $(WORKERS) $(PYTEST_ARGS)

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(SOURCES)
	$(BIN)/lint-imports --no-logo

format: $(DEV_READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV_READY)
	$(BIN)/python -m stress.benchmarks.core_flow $(BENCH_ARGS)
	$(BIN)/python -m stress.benchmarks.core_against $(BENCH_ARGS)
	$(BIN)/python -m stress.benchmarks.http_durable $(BENCH_ARGS)

stress: $(DEV_READY)
	$(BIN)/python -m stress.headless $(STRESS_ARGS)

soak: $(DEV_READY)
	$(BIN)/python -m stress.soak $(SOAK_ARGS)

siege: $(DEV_READY)
	$(BIN)/python -m stress.siege $(SIEGE_ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "needs Python 3.11 or newer; name one: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(RUN_READY): requirements.txt constraints.txt | $(BIN)/python
	$(INSTALL) -r requirements.txt
	@touch $@

$(DEV_READY): requirements.txt requirements-dev.txt constraints.txt | $(BIN)/python
	$(INSTALL) -r requirements-dev.txt
	@touch $@
