# The two commands of the README: `make run` and `make test`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
GATEWAY_PORT ?= 8000
COLLECTOR_PORT ?= 8080

BIN := .venv/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check
INSTALLED := .venv/.installed

.PHONY: run test test-faults check install clean

# Start the whole system on this machine, without Docker.
run: $(INSTALLED)
	@exec $(BIN)/conversion-tracking up --gateway-port $(GATEWAY_PORT) --collector-port $(COLLECTOR_PORT)

# Lint, types and the whole test suite; nothing needs to be installed or started by hand.
test: check
	$(BIN)/pytest $(PYTEST_ARGS)

# Every fault of docs/testing.md at its full length; `make test` has them shortened.
test-faults: $(INSTALLED)
	FAULTS=full $(BIN)/pytest tests/faults $(PYTEST_ARGS)

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(INSTALLED)

# constraints.txt has the versions that were tested together.
$(INSTALLED): pyproject.toml kong-plugin/pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, as python3 or as make PYTHON=/path/to/it"; exit 1; }
	@echo "installing into .venv"
	@$(PYTHON) -m venv .venv
	@$(PIP) install -c constraints.txt -e ./kong-plugin -e '.[local,dev]' setuptools
	@PYTHONPATH=local/kong_pdk_build $(PIP) install -c constraints.txt --no-build-isolation kong-pdk
	@touch $@

clean:
	rm -rf .venv var
