# `make` lists what can be made. Nothing is written into the checkout but caches that git ignores.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# -- settings: each can be given on the command line ------------------------------------------------------

CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/queryengine
VENV ?= $(CACHE)/venv
DEMO_VENV ?= $(CACHE)/demo
WORKERS ?= 2
MINUTES ?= 10
FUZZ_SECONDS ?= 60
SEED ?=
KEEP ?=
BACKEND ?= sqlalchemy
ARGS ?=

# -- environments -----------------------------------------------------------------------------------------

# A stamp's name says what the environment was made from; a change there, or another checkout, makes it anew.
SOURCES := pyproject.toml $(wildcard backends/*/pyproject.toml) constraints.txt scripts/environment
KEY := $(shell { pwd; echo "$(PYTHON)"; cat $(SOURCES); } | cksum | tr ' ' '-')
STAMP := $(VENV)/stamps/$(KEY)
DEMO_STAMP := $(DEMO_VENV)/stamps/$(KEY)

BIN := $(VENV)/bin
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export NO_MKDOCS_2_WARNING := 1
export PYTHON
# What Python compiles is kept for the next run, outside of the checkout, whatever the shell says of bytecode.
export PYTHONPYCACHEPREFIX := $(CACHE)/bytecode
export PYTHONDONTWRITEBYTECODE :=

$(STAMP): GROUPS := dev build
$(DEMO_STAMP): GROUPS := demo
$(STAMP) $(DEMO_STAMP):
	scripts/environment $(abspath $(@D)/..) $(GROUPS)
	rm -rf $(@D) && mkdir -p $(@D) && touch $@

# The companion's Rust core: built where no checkout lies, put beside its Python. Its name says what it was made of.
ORM_KEY := $(shell { pwd; find orm -name '*.rs' -o -name 'Cargo.*' -o -name pyproject.toml | sort | xargs cat; } | cksum | tr ' ' '-')
ORM_STAMP = $(STAMP).orm/$(ORM_KEY)
CARGO := CARGO_TARGET_DIR=$(CACHE)/cargo cargo

# A stamp that outlived its checkout is no module: what was built lies there.
.PHONY: unbuilt
unbuilt:
$(ORM_STAMP): $(STAMP) $(if $(wildcard orm/python/queryengine_orm/_native.*.so),,unbuilt)
	scripts/need-rust
	cd orm && VIRTUAL_ENV=$(VENV) CARGO_TARGET_DIR=$(CACHE)/cargo $(BIN)/maturin develop --quiet --release --uv
	rm -rf $(@D) && mkdir -p $(@D) && touch $@

# -- for users --------------------------------------------------------------------------------------------

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The development environment has what other back-ends need besides: a MongoDB, Node.js for Prisma.
ifeq ($(BACKEND),sqlalchemy)
DEMO_NEEDS := $(DEMO_STAMP)
DEMO_PYTHON := $(DEMO_VENV)/bin/python
else
DEMO_NEEDS := $(STAMP) $(filter orm prisma,$(BACKEND))
DEMO_PYTHON := $(BIN)/python
endif

.PHONY: demo
demo: $(DEMO_NEEDS) ## load the flights of 2013, start the service (BACKEND=beanie, ...), walk through its requests
	$(DEMO_PYTHON) -m examples.flights demo --backend $(BACKEND) $(ARGS)

.PHONY: serve
serve: $(DEMO_NEEDS) ## keep the demo's service up, with /docs
	$(DEMO_PYTHON) -m examples.flights serve --backend $(BACKEND) $(ARGS)

# -- for contributors -------------------------------------------------------------------------------------

.PHONY: environment
environment: $(STAMP) ## make the development environment, outside the checkout

.PHONY: format
format: $(STAMP) orm ## format the code, repair what the linter can, renew the tables in the docs
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/python -m scripts.docs_tables --write

.PHONY: check
check: $(STAMP) prisma orm ## the fast loop, under a minute: lint, mypy, the tests that start no server
	$(MAKE) --no-print-directory lint mypy
	$(BIN)/pytest -q --numprocesses $(WORKERS) --dist worksteal --hypothesis-profile=check \
	    --ignore=tests/conformance --ignore=tests/servers --ignore=tests/orm \
	    -m "not browser and not fuzz and not long and not processes and not servers" $(ARGS)

.PHONY: test
test: $(STAMP) postgres mongo prisma browser ## everything that has to hold, on real databases
	$(MAKE) --no-print-directory --jobs $(WORKERS) --output-sync=target orm lint types docs rust wheel fuzz-protocol
	$(BIN)/pytest --numprocesses $(WORKERS) \
	    --cov --cov-report=term --cov-report=json:build/coverage.json --branch-bar=95 \
	    --conformance-json=build/conformance.json $(ARGS)
	$(BIN)/python -m scripts.docs_support build/conformance.json

.PHONY: conformance
conformance: $(STAMP) postgres mongo prisma orm ## run the conformance kit on every back-end; writes docs/support.md
	$(BIN)/pytest -q --numprocesses $(WORKERS) -m "not fuzz" tests/conformance --conformance-json=docs/conformance.json
	$(BIN)/python -m scripts.docs_tables --write

.PHONY: fuzz
fuzz: $(STAMP) postgres mongo prisma orm ## new random rows and filters on every database, for MINUTES (default 10)
	$(BIN)/python scripts/fuzz.py --minutes $(MINUTES) --workers $(WORKERS) $(ARGS)

.PHONY: soak
soak: $(STAMP) postgres orm ## the companion's long runs: a million queries, 10,000 cancels, PostgreSQL killed (ARGS)
	$(BIN)/python -m scripts.soak $(ARGS)

.PHONY: matrix
matrix: $(STAMP) postgres mongo prisma ## the tests on each Python of the machine, with the oldest and the newest versions
	scripts/matrix

.PHONY: bench
bench: $(STAMP) prisma orm ## measure against the peers; writes benchmarks/results/*.json
	$(BIN)/python -m benchmarks $(ARGS)

.PHONY: bench-orm
bench-orm: $(STAMP) postgres orm ## measure the companion against drivers and ORMs; writes benchmarks/results/orm*.json
	$(BIN)/python -m benchmarks.orm $(ARGS)

.PHONY: docs
docs: $(STAMP) ## build the documentation into build/site; a warning is an error
	$(BIN)/mkdocs build --quiet --strict --site-dir build/site

.PHONY: constraints
constraints: $(STAMP) ## pin the newest versions of everything in constraints.txt
	scripts/constraints $(BIN)/uv

# -- the parts of check and test ---------------------------------------------------------------------------

.PHONY: lint
lint: $(STAMP)
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet

.PHONY: types mypy pyright public-types
types: mypy pyright public-types ## both type checkers, and whether every public type is complete

mypy: $(STAMP) docs-code
	$(BIN)/mypy

pyright: $(STAMP) docs-code
	$(BIN)/pyright --pythonpath $(BIN)/python

public-types: $(STAMP)
	$(BIN)/python -m scripts.public_types

.PHONY: docs-code
docs-code: $(STAMP)
	$(BIN)/python scripts/docs_code.py build/docs_code

.PHONY: postgres
postgres:
	scripts/need-postgres
	scripts/need-pgbouncer

.PHONY: mongo
mongo:
	scripts/need-mongo $(CACHE)/mongo-java-server

.PHONY: prisma
prisma: $(STAMP)
	scripts/need-prisma $(BIN)/python $(CACHE)/prisma

.PHONY: orm
orm: $(ORM_STAMP) ## build the companion's Rust core and put it into the development environment

.PHONY: rust
rust: orm ## lint and test the companion's crates
	cd orm && cargo fmt --check
	cd orm && $(CARGO) clippy --quiet --locked --all-targets -- -D warnings
	cd orm && $(CARGO) test --quiet --locked

# The compiler counts the edges that a run takes: that needs flags, and so a folder, of its own.
COUNT_EDGES := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Coverflow-checks=on -Cdebug-assertions=on

.PHONY: fuzz-protocol
fuzz-protocol: ## new bytes of a lying PostgreSQL for FUZZ_SECONDS (60), from SEED; KEEP=keep renews the corpus
	scripts/need-rust
	cd orm && CARGO_TARGET_DIR=$(CACHE)/cargo-fuzz RUSTFLAGS="$(COUNT_EDGES)" cargo run --quiet --locked --release \
	    --package queryengine-protocol-fuzz --target "$$(rustc -vV | sed -n 's/^host: //p')" \
	    -- $(FUZZ_SECONDS) $(SEED) $(KEEP)

.PHONY: wheel wheels
wheel: orm ## build the companion's wheel for this Python into build/wheels, and try it in an environment of its own
	CARGO_TARGET_DIR=$(CACHE)/cargo scripts/wheel $(BIN) $(BIN)/python

wheels: wheel ## the same for every CPython on this machine
	for version in 3.11 3.12 3.13 3.14; do \
	    if python=$$(scripts/find-python $$version 2>/dev/null); then \
	        CARGO_TARGET_DIR=$(CACHE)/cargo scripts/wheel $(BIN) "$$python"; \
	    fi; \
	done

.PHONY: browser
browser: $(STAMP)
	scripts/need-browser $(BIN)/python $(CACHE)/swagger-ui
