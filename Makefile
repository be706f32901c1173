# The workshop. `make setup` is all it takes; every other target calls it.
# With nothing installed but Python 3.11 or later, make, Node and git.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PYTEST := $(BIN)/python -m pytest

.PHONY: setup demo test test-slow check mutate bench lock clean

setup: $(STAMP) demo/node_modules/.installed

$(STAMP): requirements/dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo/node_modules/.installed: demo/package.json demo/package-lock.json
	cd demo && npm ci --no-audit --no-fund --loglevel=error --ignore-scripts
	touch $@

# The main job, on real servers, told as a short story.
demo: setup
	$(BIN)/interlock demo

# What CI runs: the gates, then every test that is not slow.
test: setup check
	$(PYTEST) -q -n 2 --dist loadfile -m "not slow"

test-slow: setup
	$(PYTEST) -q -n 2 --dist loadfile -m slow

check: setup
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python workshop/gates.py

# Mutations of core, audit and canon: each that survives is a test that is missing.
mutate: setup
	$(BIN)/python workshop/mutate.py

bench: setup
	$(BIN)/python bench/added_latency.py

# Lock again: exact versions with hashes, for every supported Python and platform, and no index named.
lock:
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --all-extras pyproject.toml \
	    -o requirements/dev.txt --custom-compile-command "make lock" $(LOCKFLAGS)
	cd demo && npm install --package-lock-only --no-audit --no-fund --omit-lockfile-registry-resolved

clean:
	rm -rf .venv demo/node_modules mutants dist
