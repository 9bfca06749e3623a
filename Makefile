# The two commands of the README: `make run` and `make test`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
GATEWAY_PORT ?= 8000
COLLECTOR_PORT ?= 8080
DEMO_PORT ?= 5177
DASHBOARD_PORT ?= 8090

BIN := .venv/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check
RUNNABLE := .venv/.runnable
INSTALLED := .venv/.installed
RELEASE_TOOLS := .venv/.installed-release
DECK := var/bin/deck
PLUGIN_PROJECTS := kong-plugin/pyproject.toml kong-plugin/server/pyproject.toml
# In the order of the folders: those whose tests take long come first, the many short ones last.
SIDE_BY_SIDE := --numprocesses=logical --dist=loadfile --no-loadscope-reorder

# Where this is set, every process that starts compiles all that it imports, a second or two of a
# core; the tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run demo test suite test-faults test-repeat unit test-python format docs hooks lock release-check tracker tracker-apps deck \
	deck-if-go check-kong check protobuf install bench bench-full bench-gateway \
	bench-reports bench-tracker pictures clean

# Start the whole system on this machine, without Docker.
UP := $(BIN)/conversion-tracking up --gateway-port $(GATEWAY_PORT) \
	--collector-port $(COLLECTOR_PORT) --demo-port $(DEMO_PORT) --dashboard-port $(DASHBOARD_PORT)

run: $(RUNNABLE)
	@exec $(UP)

# The same with 90 days of made-up traffic, and data of its own in var/demo.
demo: $(RUNNABLE)
	@exec $(UP) --data var/demo --traffic-days 90

# Lint, types and the whole test suite; nothing needs to be installed or started by hand.
test: check tracker deck-if-go
	@$(MAKE) --no-print-directory suite

# The test suite alone, in a process for each core: most tests wait for processes to start, for
# a browser, for Postgres. The tests of a file stay together, with what they share.
suite: $(INSTALLED)
	$(BIN)/pytest $(SIDE_BY_SIDE) $(PYTEST_ARGS)

# The suite five times in a row, twice with every core kept busy: about an hour.
test-repeat: $(INSTALLED)
	$(BIN)/python -m tests.repeat $(SIDE_BY_SIDE) $(REPEAT_ARGS)

# Lint, types, tests, build and size of the browser tracker.
tracker:
	@if command -v npm >/dev/null; then \
		cd tracker && npm ci --no-audit --no-fund --loglevel=error && npm run --silent check; \
	else \
		echo "the tracker is not checked: it needs Node 20.19 or newer, with npm"; \
	fi

# Vite with React and Vue, Next.js and Jest, with the tracker's package as its users install it:
# about a minute, and half a gigabyte for a while.
tracker-apps: tracker
	@cd tracker && npm run --silent apps

# decK, at the version of kong/deck/go.mod.
deck: $(DECK)

$(DECK): kong/deck/go.mod kong/deck/go.sum
	@$(ASK_GO) >/dev/null || { echo "decK is built with $(GO_NEEDED)"; exit 1; }
	@echo "building decK into $@; the first time takes some minutes"
	@go -C kong/deck build -o $(CURDIR)/$@ github.com/kong/deck
	@touch $@

# Fails without Go, and with one that is too old for go.mod and may not fetch a newer one.
ASK_GO := go -C kong/deck list -m
GO_NEEDED := Go 1.25.5 or newer: https://go.dev/dl

deck-if-go:
	@if $(ASK_GO) >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory deck; \
	else \
		echo "decK does not check kong/*.yml: it needs $(GO_NEEDED)"; \
	fi

# What decK can say about Kong's files without a Kong.
check-kong: $(DECK)
	@for file in kong/kong*.yml; do \
		$(DECK) file validate $$file --analytics=false && \
		$(DECK) file lint kong/lint.yml --state $$file --analytics=false || exit 1; \
		echo "$$file: decK finds nothing wrong"; \
	done

# Every fault of docs/testing.md at its full length; `make test` has them shortened.
test-faults: $(INSTALLED)
	FAULTS=full $(BIN)/pytest tests/faults tests/integration/spool/test_damage.py $(PYTEST_ARGS)

# The Python modules of Kong's messages, after a change of pluginsocket.proto; a test holds them
# to it.
PROTO_PATH := kong-plugin/server

protobuf: $(INSTALLED)
	$(BIN)/python -m grpc_tools.protoc -I$(PROTO_PATH) --python_out=$(PROTO_PATH) \
		--pyi_out=$(PROTO_PATH) kong_plugin_server/pluginsocket.proto

# What needs nothing but the code: rules and parsers. UNIT_ARGS are pytest's options.
unit: $(INSTALLED)
	$(BIN)/pytest tests/unit --quiet $(UNIT_ARGS)

# The unit tests and the plugin's, on another Python: make test-python PYTHON=python3.13
OTHER := var/venv-$(patsubst python%,%,$(notdir $(PYTHON)))
test-python: $(OTHER)/.installed
	$(OTHER)/bin/pytest $(SIDE_BY_SIDE) --quiet -p no:cacheprovider tests/unit tests/integration/plugin \
		tests/integration/plugin_server $(PYTEST_ARGS)

$(OTHER)/.installed: VERSION pyproject.toml $(PLUGIN_PROJECTS) requirements.lock
	@echo "installing into $(OTHER)"
	@$(PYTHON) -m venv $(OTHER)
	@$(OTHER)/bin/pip --quiet --disable-pip-version-check install -c requirements.lock \
		-e ./kong-plugin/server -e './kong-plugin[kong-pdk]' -e '.[local,bench,test]'
	@touch $@

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# From now on git runs the checks of .pre-commit-config.yaml on what is committed.
hooks: $(INSTALLED)
	$(BIN)/pre-commit install

# What is generated in documents and examples: the settings, and the reports.
docs: $(INSTALLED)
	$(BIN)/python -m tools.settings_docs
	$(BIN)/python -m tools.reports_docs

# The pictures of the README, of the dashboard of a `make demo` that runs (docs/testing.md).
pictures: $(INSTALLED)
	$(BIN)/python -m tools.pictures $(PICTURES_ARGS)

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# How fast the collector is, beside what else could take events: under ten minutes. BENCH_ARGS
# are its options (docs/benchmarks.md).
bench: $(INSTALLED)
	$(BIN)/python -m bench.collector $(BENCH_ARGS)

# The long rows too: latency at half speed, a million events, a table of ten million.
bench-full: $(INSTALLED)
	$(BIN)/python -m bench.collector --full $(BENCH_ARGS)

# What the plugin costs a gateway; docs/benchmarks.md has the options.
# make bench-gateway BENCH_ARGS="--plain URL --cors URL --ours URL --server-pid FILE"
bench-gateway: $(INSTALLED)
	$(BIN)/python -m bench.gateway $(or $(BENCH_ARGS),--local)

# How long the reports take on ten million events, which its first run makes (docs/benchmarks.md).
bench-reports: $(INSTALLED)
	$(BIN)/python -m bench.reports $(BENCH_ARGS)

# What the tracker costs a page's main thread, beside another (docs/benchmarks.md); needs Chromium
# and the packages of tracker/.
bench-tracker: $(INSTALLED)
	$(BIN)/python -m bench.tracker $(BENCH_ARGS)

install: $(INSTALLED)

# The versions that are tested together, for every Python from 3.11 on. It keeps those that stand
# there; LOCK_ARGS=--upgrade takes newer ones, LOCK_ARGS='--upgrade-package NAME' that of one.
lock: $(RELEASE_TOOLS)
	@printf '%s\n' '-e ./kong-plugin/server' '-e ./kong-plugin[kong-pdk]' \
		'-e .[local,bench,dev,release]' | \
		$(BIN)/uv pip compile - --quiet --universal --python-version 3.11 --no-annotate \
		--no-emit-index-url --no-emit-package conversion-tracking \
		--no-emit-package conversion-tracking-plugin --no-emit-package kong-plugin-server \
		--custom-compile-command 'make lock' \
		--output-file requirements.lock $(LOCK_ARGS)

# Builds what is released into dist/ and tries it in an environment of its own (docs/releasing.md).
release-check: $(RELEASE_TOOLS)
	$(BIN)/python -m tools.release_check

$(RELEASE_TOOLS): $(INSTALLED)
	@$(PIP) install -c requirements.lock -e '.[release]'
	@touch $@

# What running needs, compiled when it is first used. requirements.lock has the versions that were
# tested together.
$(RUNNABLE): VERSION pyproject.toml $(PLUGIN_PROJECTS) requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, as python3 or as make PYTHON=/path/to/it"; exit 1; }
	@echo "installing into .venv"
	@$(PYTHON) -m venv .venv
	@$(PIP) install --no-compile hatchling editables  # once, instead of for each package by itself
	@$(PIP) install --no-compile --no-build-isolation -c requirements.lock \
		-e ./kong-plugin/server -e ./kong-plugin -e '.[local]'
	@touch $@

# On top of it, what tests, linters and benchmarks need.
$(INSTALLED): $(RUNNABLE)
	@echo "installing the tools of development into .venv"
	@$(PIP) install -c requirements.lock -e ./kong-plugin/server -e './kong-plugin[kong-pdk]' -e '.[local,bench,dev]'
	@touch $@

clean:
	rm -rf .venv var
