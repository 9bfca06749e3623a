# The two commands of the README are `make run` and `make test`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
GATEWAY_PORT ?= 8000
COLLECTOR_PORT ?= 8080

BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: run test check install clean

## Start the whole system on this machine, without Docker.
run: $(INSTALLED)
	@exec $(BIN)/conversion-tracking up --gateway-port $(GATEWAY_PORT) --collector-port $(COLLECTOR_PORT)

## Run the whole test suite; nothing needs to be installed or started by hand.
test: $(INSTALLED)
	$(BIN)/pytest $(PYTEST_ARGS)

## Lint, format and types.
check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(INSTALLED)

# The newest versions that were tested together stand in constraints.txt.
$(INSTALLED): pyproject.toml kong-plugin/pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; set PYTHON to one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ./kong-plugin -e '.[local,dev]'
	@touch $@

clean:
	rm -rf .venv var
