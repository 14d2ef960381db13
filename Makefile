# Everything a fresh machine needs is Python 3.11; each target sets up .venv by itself. `make` lists the targets.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Files of tests that run at the same time. Each worker needs a gigabyte of memory, and starts servers of its own.
WORKERS ?= 2

# Nothing here sends usage figures anywhere or looks for models on the network.
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export HF_HUB_OFFLINE := 1

.DEFAULT_GOAL := help
.PHONY: help demo servers test test-slow test-gpu check dashboards clean lock
.DELETE_ON_ERROR:

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'
	@echo "  PYTHON=/path/to/python3.11 chooses the interpreter that .venv is made with."

demo: $(STAMP) ## The whole loop on the example corpus: drift, retrain, gate, promotion
	$(BIN)/retrain demo

servers: ## The real servers that tests start: Ceph, PostgreSQL, Prometheus, ... (Debian 12, as root)
	PYTHON=$(PYTHON) .ci/servers.sh

dashboards: $(STAMP) ## Generate dashboards/*.json anew, and draw their pictures
	$(BIN)/python -m dashboards
	cd dashboards/draw && npm ci && npm run build
	$(BIN)/python -m dashboards.draw

# Torch with a thread per core is many times slower when tests share the cores.
test test-slow test-gpu: export OMP_NUM_THREADS := 1

test: $(STAMP) ## The tests that take seconds each; those of a server that is not installed are skipped
	$(BIN)/python -m pytest -m "not slow" -n $(WORKERS) --dist loadfile

test-slow: $(STAMP) ## The tests that take minutes
	$(BIN)/python -m pytest -m "slow and not alone" -n $(WORKERS) --dist worksteal --durations=12
	$(BIN)/python -m pytest -m "slow and alone" --durations=12

test-gpu: $(STAMP) ## What only a machine with a GPU can show, and training's other tests on it
	$(BIN)/python -m pytest -m "gpu or model" tests/training tests/drift

check: $(STAMP) ## Lint, format, types, imports between rooms, rules of the house
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_architecture.py

lock: $(STAMP) ## Resolve anew and rewrite the second part of constraints.txt
	$(BIN)/python .ci/lock.py

clean: ## Remove .venv, caches and built packages; stores and logs stay
	rm -rf $(VENV) .servers build dist dashboards/draw/node_modules dashboards/draw/built .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -type d -name __pycache__ -prune -exec rm -rf {} +

# The stamp is written last: an install that was interrupted is done again.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null || { \
	  echo "PYTHON=$(PYTHON) is no Python 3.11 or 3.12 that runs. Install Python 3.11 (Debian 12: apt install python3.11 python3.11-venv)," >&2; \
	  echo "or name one that you have: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) with the versions of constraints.txt; a few minutes the first time."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
