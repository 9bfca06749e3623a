# The two commands of the README: `make run` and `make test`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
GATEWAY_PORT ?= 8000
COLLECTOR_PORT ?= 8080
DEMO_PORT ?= 5177

BIN := .venv/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check
INSTALLED := .venv/.installed
DECK := var/bin/deck

.PHONY: run test test-faults tracker deck deck-if-go check-kong check install bench bench-full bench-gateway clean

# Start the whole system on this machine, without Docker.
run: $(INSTALLED)
	@exec $(BIN)/conversion-tracking up --gateway-port $(GATEWAY_PORT) \
		--collector-port $(COLLECTOR_PORT) --demo-port $(DEMO_PORT)

# Lint, types and the whole test suite; nothing needs to be installed or started by hand.
test: check tracker deck-if-go
	$(BIN)/pytest $(PYTEST_ARGS)

# Lint, types, tests, build and size of the browser tracker.
tracker:
	@if command -v npm >/dev/null; then \
		cd tracker && npm ci --no-audit --no-fund --loglevel=error && npm run --silent check; \
	else \
		echo "the tracker is not checked: it needs Node 20.19 or newer, with npm"; \
	fi

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
