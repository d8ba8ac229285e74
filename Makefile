# Two commands are all a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

export OMP_NUM_THREADS ?= 1
export MPLBACKEND ?= Agg

.PHONY: demo test lint types contracts bench clean
demo: $(VENV)/.dev
	$(BIN)/insilico demo --out results/demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 tests

lint: $(VENV)/.dev
	$(BIN)/ruff check stimuli insilico protocols tests notebooks
	$(BIN)/ruff format --check stimuli insilico protocols tests
	$(BIN)/mypy
	$(BIN)/lint-imports

# The yardsticks (torch, stimupy) hold numpy back, so they live in an environment of their own.
bench: $(VENV)-bench/.bench
	$(VENV)-bench/bin/python -m tests.benchmarks --out bench

clean:
	rm -rf $(VENV) $(VENV)-bench results bench

$(VENV)/.dev: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Python 3.11 to 3.13 is needed, this is {v[0]}.{v[1]}: make {sys.argv[1]} PYTHON=python3.12")' "$(or $(MAKECMDGOALS),demo)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[dev]'
	@touch $@

$(VENV)-bench/.bench: pyproject.toml constraints-bench.txt
	test -x $(VENV)-bench/bin/python || $(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-bench.txt -e '.[bench]'
	@touch $@
