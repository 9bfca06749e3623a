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
HELM := var/bin/helm
# The distributions beside the root's, all of one version.
OTHER_PROJECTS := kong-plugin/pyproject.toml kong-plugin/server/pyproject.toml local/pyproject.toml
# Three processes for two cores, since tests wait a third of their time; with four they took longer,
# for those that send at full speed take all that there is. In the order of the folders: those whose
# tests take long come first, the many short ones last.
PROCESSES := $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) * 3 / 2 )))
SIDE_BY_SIDE := --numprocesses=$(PROCESSES) --dist=loadfile --no-loadscope-reorder

# Where the tests have Postgres's data and the spools: in memory where there is room, since they
# begin with a database each and wait for disks otherwise. Scripts must run there too.
MEMORY := /dev/shm
MEMORY_KB := $(shell df --output=avail $(MEMORY) 2>/dev/null | tail -1)
MEMORY_EXEC := $(shell findmnt --noheadings --output OPTIONS $(MEMORY) 2>/dev/null | grep -v noexec)
IN_MEMORY := $(shell [ "$(MEMORY_EXEC)" ] && [ $(MEMORY_KB) -ge 4000000 ] && echo TMPDIR=$(MEMORY))

# Where this is set, every process that starts compiles all that it imports, a second or two of a
# core; the tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run run-cluster demo test suite test-faults test-repeat unit test-python format docs hooks lock release-check tracker tracker-apps deck \
	go-tools-if-go check-kong helm check-helm manifests check protobuf install bench bench-full bench-gateway \
	bench-queue bench-reports bench-tracker pictures clean

# Start the whole system on this machine, without Docker.
UP := $(BIN)/conversion-tracking up --gateway-port $(GATEWAY_PORT) \
	--collector-port $(COLLECTOR_PORT) --demo-port $(DEMO_PORT) --dashboard-port $(DASHBOARD_PORT)

run: $(RUNNABLE)
	@exec $(UP)

# The same with 90 days of made-up traffic, and data of its own in var/demo.
demo: $(RUNNABLE)
	@exec $(UP) --data var/demo --traffic-days 90

# The same with a queue before Postgres: three servers of NATS, two collectors, two consumers, and a
# Postgres with a standby, each of which may be killed. Data of its own in var/cluster.
run-cluster: $(RUNNABLE)
	@exec $(UP) --data var/cluster --queue

# Lint, types and the whole test suite; nothing needs to be installed or started by hand.
test: check tracker go-tools-if-go
	@$(MAKE) --no-print-directory suite

# The test suite alone: most tests wait for processes to start, for a browser, for Postgres. The
# tests of a file stay together, with what they share.
suite: $(INSTALLED)
	$(IN_MEMORY) $(BIN)/pytest $(SIDE_BY_SIDE) $(PYTEST_ARGS)

# The suite five times in a row, twice with every core kept busy: about an hour.
test-repeat: $(INSTALLED)
	$(IN_MEMORY) $(BIN)/python -m tests.repeat $(SIDE_BY_SIDE) $(REPEAT_ARGS)

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

# decK and Helm, at the versions of their go.mod. To ask for a module fails without Go, and with one
# that is too old for go.mod and may not fetch a newer one.
deck: $(DECK)

$(DECK): kong/deck/go.mod kong/deck/go.sum
	@$(call build-go,kong/deck,github.com/kong/deck)

helm: $(HELM)

$(HELM): deploy/helm/tool/go.mod deploy/helm/tool/go.sum
	@$(call build-go,deploy/helm/tool,helm.sh/helm/v3/cmd/helm)

# The folder of the go.mod, and the package of the program. It is built a fifth faster without
# optimizing: each run takes hundredths of a second.
define build-go
{ go -C $(1) list -m >/dev/null || { echo "$@ is built with $(GO_NEEDED)"; exit 1; }; } && \
	echo "building $@; the first time takes some minutes" && \
	go -C $(1) build -gcflags=all='-N -l' -ldflags='-s -w' -o $(CURDIR)/$@ $(2) && touch $@
endef
GO_NEEDED := Go 1.26 or newer: https://go.dev/dl

go-tools-if-go:
	@if go -C kong/deck list -m >/dev/null 2>&1 && go -C deploy/helm/tool list -m >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory deck helm; \
	else \
		echo "decK does not check kong/*.yml, nor Helm deploy/helm: they need $(GO_NEEDED)"; \
	fi

# What decK can say about Kong's files without a Kong.
check-kong: $(DECK)
	@for file in kong/kong*.yml; do \
		$(DECK) file validate $$file --analytics=false && \
		$(DECK) file lint kong/lint.yml --state $$file --analytics=false || exit 1; \
		echo "$$file: decK finds nothing wrong"; \
	done

# What Helm can say about the chart without a Kubernetes.
CHART := deploy/helm/conversion-tracking
check-helm: $(HELM)
	@$(HELM) lint --strict --quiet $(CHART) --set existingSecret=conversion-tracking

# The chart's defaults as plain manifests.
MANIFESTS := deploy/kubernetes/conversion-tracking.yaml
manifests: $(HELM)
	@mkdir -p $(dir $(MANIFESTS))
	@{ echo "# By \`make manifests\`, out of $(CHART); docs/kubernetes.md says how to use it."; \
		$(HELM) template conversion-tracking $(CHART) --kube-version 1.29 \
			--set existingSecret=conversion-tracking 2>/dev/null; \
	} >$(MANIFESTS)

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
	$(IN_MEMORY) $(OTHER)/bin/pytest $(SIDE_BY_SIDE) --quiet -p no:cacheprovider tests/unit tests/integration/plugin \
		tests/integration/plugin_server $(PYTEST_ARGS)

$(OTHER)/.installed: VERSION pyproject.toml $(OTHER_PROJECTS) requirements.lock
	@echo "installing into $(OTHER)"
	@$(PYTHON) -m venv $(OTHER)
	@$(OTHER)/bin/pip --quiet --disable-pip-version-check install -c requirements.lock \
		-e ./kong-plugin/server -e './kong-plugin[kong-pdk]' -e ./local -e '.[local,bench,test]'
	@touch $@

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# From now on git runs the checks of .pre-commit-config.yaml on what is committed.
hooks: $(INSTALLED)
	$(BIN)/pre-commit install

# What is generated in documents and examples: the settings, the reports, the endpoints.
docs: $(INSTALLED)
	$(BIN)/python -m tools.settings_docs
	$(BIN)/python -m tools.reports_docs
	$(BIN)/python -m tools.openapi_docs

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
	$(BIN)/python -m bench.collector --long half_speed memory growth $(BENCH_ARGS)

# What the plugin costs a gateway; docs/benchmarks.md has the options.
# make bench-gateway BENCH_ARGS="--plain URL --cors URL --ours URL --server-pid FILE"
bench-gateway: $(INSTALLED)
	$(BIN)/python -m bench.gateway $(or $(BENCH_ARGS),--local)

# How long the reports take on ten million events, which its first run makes (docs/benchmarks.md).
bench-reports: $(INSTALLED)
	$(BIN)/python -m bench.reports $(BENCH_ARGS)

# What the tracker costs a page's main thread, beside another (docs/benchmarks.md); needs Chromium
# and the packages of tracker/.
bench-queue: $(INSTALLED)
	$(BIN)/python -m bench.queue $(BENCH_ARGS)

bench-tracker: $(INSTALLED)
	$(BIN)/python -m bench.tracker $(BENCH_ARGS)

install: $(INSTALLED)

# The versions that are tested together, for every Python from 3.11 on. It keeps those that stand
# there; LOCK_ARGS=--upgrade takes newer ones, LOCK_ARGS='--upgrade-package NAME' that of one.
lock: $(RELEASE_TOOLS)
	@printf '%s\n' '-e ./kong-plugin/server' '-e ./kong-plugin[kong-pdk]' \
		'-e ./local' '-e .[local,bench,dev,release]' | \
		$(BIN)/uv pip compile - --quiet --universal --python-version 3.11 --no-annotate \
		--no-emit-index-url --no-emit-package conversion-tracking \
		--no-emit-package conversion-tracking-local --no-emit-package conversion-tracking-plugin \
		--no-emit-package kong-plugin-server \
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
$(RUNNABLE): VERSION pyproject.toml $(OTHER_PROJECTS) requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, as python3 or as make PYTHON=/path/to/it"; exit 1; }
	@echo "installing into .venv"
	@$(PYTHON) -m venv .venv
	@$(PIP) install --no-compile hatchling editables  # once, instead of for each package by itself
	@$(PIP) install --no-compile --no-build-isolation -c requirements.lock \
		-e ./kong-plugin/server -e ./kong-plugin -e ./local -e '.[local]'
	@touch $@

# On top of it, what tests, linters and benchmarks need.
$(INSTALLED): $(RUNNABLE)
	@echo "installing the tools of development into .venv"
	@$(PIP) install -c requirements.lock -e ./kong-plugin/server -e './kong-plugin[kong-pdk]' -e ./local \
		-e '.[local,bench,dev]'
	@touch $@

clean:
	rm -rf .venv var
