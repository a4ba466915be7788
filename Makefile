# Needs Python >= 3.11 with venv, and nothing else: each target sets itself up.
# Another interpreter: make test PYTHON=python3.13. Another test order: make test SEED=7.
# All in one process: make test JOBS=0.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-browser chromium lint types format docs picture node recordings lock build clean \
    bench bench-docs scale profile fuzz fuzz-coverage fuzz-unguided fuzz-laws fuzz-http mutants packages

PYTHON ?= python3
SEED ?= 1
JOBS ?= auto
VENV := .venv
BIN := $(VENV)/bin
PIP := -m pip --disable-pip-version-check install --quiet
READY := $(VENV)/.ready
SUITES := .venv-suites
SUITES_READY := $(SUITES)/.ready
PACKAGES := .venv-packages
PACKAGES_READY := $(PACKAGES)/.ready
BENCH := .venv-bench
BENCH_READY := $(BENCH)/.ready
MUTATION := .venv-mutation
MUTATION_READY := $(MUTATION)/.ready
VCRPY85 := $(BENCH)/vcrpy-8.5
FUZZ := .venv-fuzz
FUZZ_READY := $(FUZZ)/.ready
FOR ?= 60
LAWS_FOR ?= 600
HTTP_FOR ?= 120
ONLY ?=
NODE := tests/server/node
NODE_READY := $(NODE)/node_modules/.ready
BENCH_NODE := tests/benchmarks/node

export HYPOTHESIS_PROFILE ?= ci

help:
	@echo "make demo | test | test-browser | lint | types | format | docs | picture | node | recordings | lock | build | clean"
	@echo "     bench | bench-docs | scale | profile | fuzz | mutants | packages"

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed, this is " + sys.version)'
	@echo "Setting up $(VENV) from requirements.lock ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) --requirement requirements.lock
	@$(BIN)/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)
	@$(BIN)/harness demo

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY)
	$(BIN)/mypy
	$(BIN)/basedpyright --pythonpath $(BIN)/python

# The SDK for Node, which a test runs against the server; without npm it is skipped.
$(NODE_READY): $(NODE)/package.json $(NODE)/package-lock.json
	@if command -v npm > /dev/null; then cd $(NODE) && npm ci --loglevel=error && touch node_modules/.ready; \
	 else echo "There is no npm on this machine: the test of Node's SDK is skipped."; fi

node: $(NODE_READY)

# The plugin imports harness before pytest-cov could start: coverage runs pytest.
# Lint and coverage speak first, so that the last line is the count of tests.
test: $(READY) $(SUITES_READY) $(NODE_READY) lint types
	@$(BIN)/coverage erase
	$(SUITES)/bin/coverage run -m pytest -q -n $(JOBS) -p randomly --randomly-seed=$(SEED) \
	    -o asyncio_mode=auto -o asyncio_default_fixture_loop_scope=function \
	    --benchmark-disable -W ignore::pytest_benchmark.logger.PytestBenchmarkWarning \
	    tests/bridges/standard
	$(BIN)/coverage run -m pytest -q -n $(JOBS) -p randomly --randomly-seed=$(SEED) | tee $(VENV)/tests.log
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	@tail -n 1 $(VENV)/tests.log

# The tests in a real browser run with the others, where there is one.
chromium:
	@if command -v chromium > /dev/null || command -v chromium-browser > /dev/null || command -v google-chrome > /dev/null; then :; \
	 elif [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	   echo "Installing Chromium ..."; apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends chromium > /dev/null; \
	 else echo "There is no Chromium on this machine. Install it as root (apt-get install chromium), or put google-chrome into PATH."; exit 1; fi

test-browser: $(READY) chromium
	$(BIN)/python -m pytest -q -p no:randomly tests/browser

format: $(READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The site, from docs/ and the docstrings; nothing is fetched, and a warning is an error.
docs: $(READY)
	@$(BIN)/python -m sphinx -b html -W --keep-going -E -j auto -q docs build/docs
	@echo "build/docs/index.html"

# The picture of a terminal in README.md: what `make demo` prints.
picture: $(READY)
	@$(BIN)/python docs/_extensions/picture.py docs/images/demo.svg

# The standard suites of LangChain want a vcrpy that is older than ours.
$(SUITES_READY): requirements-suites.lock pyproject.toml
	@$(PYTHON) -m venv $(SUITES)
	@$(SUITES)/bin/python $(PIP) --requirement requirements-suites.lock
	@$(SUITES)/bin/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

# The peers that the benchmarks race against stay out of the tests' environment.
$(BENCH_READY): requirements.lock pyproject.toml
	@$(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python $(PIP) --constraint requirements.lock --editable '.[bench]'
	@$(PYTHON) -m venv $(VCRPY85)
	@$(VCRPY85)/bin/python $(PIP) 'vcrpy==8.5.*' httpx
	@touch $@

# One of them is of npm: it takes part where there is npm.
$(BENCH_NODE)/node_modules/.ready: $(BENCH_NODE)/package.json $(BENCH_NODE)/package-lock.json
	@if command -v npm > /dev/null; then cd $(BENCH_NODE) && npm ci --loglevel=error && touch node_modules/.ready; fi

# Everything beside its peers in one run, into build/bench. Some groups: ONLY="folding servers".
# Without the slowest: QUICK=1. What the last run measured, into docs/benchmarks.md: bench-docs.
bench: $(BENCH_READY) $(BENCH_NODE)/node_modules/.ready
	@VCRPY85_PYTHON=$${VCRPY85_PYTHON:-$(VCRPY85)/bin/python} $(BENCH)/bin/python tests/benchmarks $(if $(QUICK),--quick) $(ONLY)

# How time and memory grow with size, into build/bench and the page docs/scale.md; a part of
# it: python tests/benchmarks/scale.py streams --quick.
scale: $(BENCH_READY)
	@$(BENCH)/bin/python tests/benchmarks/scale.py --page docs/scale.md

bench-docs: $(READY)
	@$(BIN)/python tests/benchmarks/pages.py build/bench docs

# Made-up input until something breaks: FOR seconds for each target (ONLY="sse cassette"), and
# LAWS_FOR seconds of properties with many examples. What breaks is in build/fuzz/crashes.
fuzz: fuzz-coverage fuzz-laws fuzz-http

$(FUZZ_READY): requirements.lock pyproject.toml
	@$(PYTHON) -m venv $(FUZZ)
	@$(FUZZ)/bin/python $(PIP) --constraint requirements.lock --editable '.[fuzz]'
	@touch $@

fuzz-coverage: $(FUZZ_READY)
	@$(FUZZ)/bin/python tests/fuzz/run.py --for $(FOR) $(ONLY)

# The same without atheris, for Pythons and systems that it is not made for.
fuzz-unguided: $(READY)
	@$(BIN)/python tests/fuzz/unguided.py --for $(FOR) $(ONLY)

fuzz-laws: $(READY)
	@$(BIN)/python tests/fuzz/laws.py --for $(LAWS_FOR)

# Whatever the description of the server lets one ask, for HTTP_FOR seconds.
fuzz-http: $(FUZZ_READY)
	@$(FUZZ)/bin/python tests/fuzz/server.py --for $(HTTP_FOR)

# The core with faults put in, against its tests; see docs/fuzzing.md.
# Parts of it: make mutants ONLY="chunks matching". What is left of the last time: AGAIN=--again.
$(MUTATION_READY): requirements.lock pyproject.toml
	@$(PYTHON) -m venv $(MUTATION)
	@$(MUTATION)/bin/python $(PIP) --requirement requirements.lock
	@$(MUTATION)/bin/python $(PIP) --constraint requirements.lock --no-build-isolation --editable '.[mutation]'
	@touch $@

AGAIN ?=

mutants: $(MUTATION_READY)
	@$(MUTATION)/bin/python tests/mutation/campaign.py $(or $(ONLY),chunks matching redaction dialects) --seed $(SEED) $(AGAIN)

# Where the time goes: all subjects, or make profile ONLY="sdk-call serve".
profile: $(READY)
	@$(BIN)/python tests/benchmarks/profiling.py $(ONLY)

# A scripted server on this machine, recorded; see cassettes/README.md.
recordings: $(READY)
	@$(BIN)/python tests/recording/record_cassettes.py cassettes

# A clean resolve of everything that development needs, exactly pinned.
lock:
	@$(call locked,dev,requirements.lock)
	@$(call locked,suites,requirements-suites.lock)

define locked
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python $(PIP) hatchling editables '.[$(1)]'
	{ echo '# Made by "make lock": exact versions of all that development and tests need.'; \
	  .venv-lock/bin/python -m pip freeze --exclude chat-harness; } > $(2)
	rm -rf .venv-lock
endef

build: $(READY)
	@$(BIN)/hatchling build

# What is published, in fresh environments: PYTHONS="3.11 /opt/bin/python3.14" says of
# which Python (else all that are found), ONLY="bare newest" which rows; ONLY=whole is long.
packages: $(PACKAGES_READY)
	@$(PACKAGES)/bin/python tests/packaging/matrix.py --pythons "$(PYTHONS)" $(ONLY)

$(PACKAGES_READY):
	@$(PYTHON) -m venv $(PACKAGES)
	@$(PACKAGES)/bin/python $(PIP) 'uv>=0.9'
	@touch $@

clean:
	rm -rf $(VENV) $(SUITES) $(BENCH) $(FUZZ) $(MUTATION) $(PACKAGES) .venv-lock $(NODE)/node_modules $(BENCH_NODE)/node_modules dist build .coverage .coverage.* .hypothesis \
	    .pytest_cache .mypy_cache .ruff_cache
	find harness tests -name __pycache__ -prune -exec rm -rf {} +
