# The two commands of the README: `make run` and `make test`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
GATEWAY_PORT ?= 8000
COLLECTOR_PORT ?= 8080
DEMO_PORT ?= 5177

BIN := .venv/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check
INSTALLED := .venv/.installed

.PHONY: run test test-faults tracker check install bench bench-full bench-gateway clean

# Start the whole system on this machine, without Docker.
run: $(INSTALLED)
	@exec $(BIN)/conversion-tracking up --gateway-port $(GATEWAY_PORT) \
		--collector-port $(COLLECTOR_PORT) --demo-port $(DEMO_PORT)

# Lint, types and the whole test suite; nothing needs to be installed or started by hand.
test: check tracker
	$(BIN)/pytest $(PYTEST_ARGS)

# Lint, types, tests, build and size of the browser tracker.
tracker:
	@if command -v npm >/dev/null; then \
		cd tracker && npm ci --no-audit --no-fund --loglevel=error && npm run --silent check; \
	else \
		echo "the tracker is not checked: it needs Node 20.19 or newer, with npm"; \
	fi

# Every fault of docs/testing.md at its full length; `make test` has them shortened.
test-faults: $(INSTALLED)
	FAULTS=full $(BIN)/pytest tests/faults $(PYTEST_ARGS)

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

install: $(INSTALLED)

# constraints.txt has the versions that were tested together.
$(INSTALLED): pyproject.toml kong-plugin/pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, as python3 or as make PYTHON=/path/to/it"; exit 1; }
	@echo "installing into .venv"
	@$(PYTHON) -m venv .venv
	@$(PIP) install -c constraints.txt -e './kong-plugin[kong-pdk]' -e '.[local,bench,dev]'
	@touch $@

clean:
	rm -rf .venv var
