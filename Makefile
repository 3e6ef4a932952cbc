# What one does in a clone. Each target prepares .venv first when it is not there or not up to date (.ci/venv does it).
BIN := .venv/bin
CODE := $(wildcard smq_core smq_daemon smq_tui tests examples benchmarks screenshots)
FAST := $(wildcard tests/unit tests/sqlite tests/conformance tests/property tests/cli tests/architecture tests/docs)
FAULTS := $(wildcard tests/faults tests/daemon)
SCREENS := $(wildcard tests/tui)
ENGINE := $(filter-out $(FAULTS) $(SCREENS) tests/__pycache__,$(sort $(patsubst %/,%,$(wildcard tests/*/))))
# In processes of their own: tests that strike every line or call of another are slow among the leavings of thousands.
# Where nothing of a part is chosen (5) it is as good as passed.
in_parts = ended=0; for part in "$(ENGINE)" "$(FAULTS)" "$(SCREENS)"; do \
	echo "$(BIN)/pytest $$part $(1)"; $(BIN)/pytest $$part $(1) || [ $$? -eq 5 ] || ended=1; done; (exit $$ended)

.PHONY: help run test test-fast test-lowest test-pythons clients check static format lint types imports fix audit bench bench-quick faults screenshots clean clean-all venv venv-dev

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 12

run: venv ## the demonstration: producers, a daemon and the dashboard (without a terminal: 15 seconds and a summary)
	@$(BIN)/smq-tui --demo

test: venv-dev ## every test
	@$(call in_parts,$(ARGS))

test-fast: venv-dev ## the tests to run on each save
	$(BIN)/pytest -m "not slow" $(FAST) $(ARGS)

test-lowest: venv-dev ## the same tests with the lowest versions of every dependency
	@ARGS="$(ARGS)" .ci/elsewhere lowest

test-pythons: venv-dev ## the same tests on every other Python that is there
	@ARGS="$(ARGS)" .ci/elsewhere pythons

clients: venv-dev ## the SQL contract from other languages and libraries, which it downloads
	@ARGS="$(ARGS)" .ci/clients

check: static test-fast ## what to run before each commit

static: format lint types imports ## the checks that run no test

format: venv-dev
	$(BIN)/ruff format --check --output-format concise $(CODE)

lint: venv-dev
	$(BIN)/ruff check --output-format concise $(CODE)

types: venv-dev
	$(BIN)/mypy $(CODE)
	$(BIN)/basedpyright --level error

imports: venv-dev
	$(BIN)/lint-imports --no-logo

fix: venv-dev ## format, and mend what ruff can mend
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

faults: venv-dev ## the matrix of faults at full length (about two hours): writes docs/reliability.md
	@mkdir -p build && rm -f build/faults.jsonl
	@export SMQ_FAULTS=full SMQ_FAULT_RESULTS=build/faults.jsonl; $(call in_parts,-m fault --timeout 1800 $(ARGS)); ended=$$?; \
	SMQ_FAULTS=full $(BIN)/python -m tests.reliability build/faults.jsonl; exit $$ended

audit: venv-dev ## look for known weaknesses of what is installed (asks the service of PyPI)
	$(BIN)/python -m venv build/audit
	build/audit/bin/pip install --quiet --disable-pip-version-check pip-audit
	build/audit/bin/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip --progress-spinner off

bench: venv ## smq, its limit and its peers: writes docs/benchmarks.md (about two hours; ARGS="--sections alike --rounds 1")
	$(BIN)/python -m benchmarks.full $(ARGS)

bench-quick: venv ## smq beside the bare loops in C and Python, in under two minutes (ARGS="--rows enqueue-full")
	@$(BIN)/python -m benchmarks.quick $(ARGS)

venv: ## prepare .venv with what the programs need
	@.ci/venv run

venv-dev: ## prepare .venv with the development tools as well
	@.ci/venv dev

screenshots: venv-dev ## take the pictures of the dashboard anew
	$(BIN)/python -m screenshots.take

clean: ## remove what tools left, but for .venv
	rm -rf build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

clean-all: clean ## remove .venv too
	rm -rf .venv .venv-* .venv.unfinished
