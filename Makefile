# Two commands do everything: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Services compile what they import at their first start. To compile all packages takes 20 s longer than that, so set-up
# does it only for a user who could not keep the result.
unexport PYTHONDONTWRITEBYTECODE
ifdef READMISSION_RUN_AS
export UV_COMPILE_BYTECODE := 1
endif

UV_VERSION := 0.13.9
# The versions that pyproject.toml supports; PYTHON=3.13 chooses one when .venv is made.
PYTHON ?= $(shell sed -n 's/^requires-python = "\(.*\)"/\1/p' pyproject.toml)
PYTHONS := 3.11 3.12 3.13 3.14
UV := $(shell command -v uv || echo .tools/bin/uv)
BIN := .venv/bin
GROUPS := training dask airflow mlflow api ui load local dev
LOCKS := $(GROUPS:%=requirements/%.txt)
READY := .venv/.ready
CHECKOV := .tools/checkov
SUPPLY_CHAIN := .tools/supply-chain
IMAGES := airflow mlflow api ui load
PYTEST := $(BIN)/python -m pytest
# The library's tests do without schemathesis, which pytest would import three times.
LIBRARY := python -m pytest -p no:schemathesis -n 2 tests/include -m
ARGS ?=
PROFILE ?=

.PHONY: help demo test upgrade-test unit pythons check audit sbom setup up status logs down reset load dashboards manifests digests evidence lock env uninstall

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: $(READY) ## Set up, start the stack, ingest all batches, predict; leave it running
	@$(BIN)/readmission demo $(ARGS)

test: $(READY) check ## Set up, run the static checks and all tests
ifeq ($(ARGS),)
	$(PYTEST) -n 2 -m "not alone"
	$(PYTEST) -m alone
else
	$(PYTEST) $(ARGS)
endif

upgrade-test: $(READY) ## Start this version on the state of the last release
	$(PYTEST) tests/e2e/test_upgrade.py $(ARGS)

unit: $(READY) ## Test the library's inner rooms in a minute, with no service but PostgreSQL
	$(BIN)/$(LIBRARY) unit $(ARGS)

# pyenv keeps its Pythons off the PATH.
pythons: export PATH := $(PATH):$(subst $() ,:,$(wildcard ~/.pyenv/versions/3.1[1-4].*/bin))
pythons: | $(UV) ## Test the library on each Python from 3.11 to 3.14 of this machine
	@lines=; failed=0; for version in $(PYTHONS); do \
		if ! $(UV) python find --quiet --no-python-downloads $$version >/dev/null 2>&1; then \
			result="not on this machine"; \
		elif $(MAKE) --no-print-directory .tools/python-$$version/.ready && \
			.tools/python-$$version/bin/$(LIBRARY) "library and not slow"; then result=passed; \
		else result=failed; failed=1; fi; \
		lines+="Python $$version  $$result"$$'\n'; \
	done; printf '\n%s' "$$lines"; exit $$failed

check: $(READY) ## Static checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

audit: $(READY) $(CHECKOV)/.ready $(SUPPLY_CHAIN)/.ready ## Scan manifests, Dockerfile and packages
	@k8s/audit.sh $(CHECKOV)/bin/checkov
	@$(BIN)/python -m k8s.digests list
	@requirements/audit.sh $(SUPPLY_CHAIN)/bin/pip-audit

sbom: $(SUPPLY_CHAIN)/.ready ## Write what each image installs to sbom/ (CycloneDX)
	@mkdir -p sbom
	@for image in $(IMAGES); do $(SUPPLY_CHAIN)/bin/cyclonedx-py requirements \
		requirements/$$image.txt --output-format JSON --output-file sbom/$$image.cdx.json; done
	@ls sbom/*.cdx.json

setup: $(READY) ## Install the locked requirements into .venv

up: $(READY) ## Start the stack and leave it running
	@$(BIN)/readmission up

status: $(READY) ## Show every service
	@$(BIN)/readmission status

logs: $(READY) ## Show the last lines of all logs; ARGS="api -f" follows one log
	@$(BIN)/readmission logs $(ARGS)

down: $(READY) ## Stop the stack, keep its state
	@$(BIN)/readmission down

reset: $(READY) ## Stop the stack and delete its state; asks first
	@$(BIN)/readmission reset $(ARGS)

load: $(READY) ## Load the running stack; PROFILE=smoke, steady, ramp or soak
	@$(BIN)/python -m load.run $(if $(PROFILE),--load-profile $(PROFILE)) $(ARGS)

dashboards: $(READY) ## Generate Grafana's dashboards from grafana/source/
	$(BIN)/python -m grafana.source

digests: $(READY) ## Pin every third-party image by the digest that its registry has for its tag
	$(BIN)/python -m k8s.digests pin

manifests: $(READY) ## Generate the ConfigMaps and database servers in k8s/ as plain YAML
	$(BIN)/python -m k8s.manifests

evidence: $(READY) ## Collect the evidence of a running system; ARGS="--compose --video --lang en"
	@$(BIN)/python -m readmission.stack.evidence $(ARGS)

env: ## Generate missing secrets for Docker Compose in .env
	@k8s/secrets.sh env .env

uninstall: ## Delete what setup installed; run `make reset` first
	rm -rf .venv .tools

COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

lock: $(UV) ## Compile requirements/ from pyproject.toml, with one set of versions
	$(COMPILE) pyproject.toml $(GROUPS:%=--group %) -o requirements/constraints.txt
	@set -e; for group in $(GROUPS); do \
		echo "requirements/$$group.txt"; \
		$(COMPILE) pyproject.toml --group $$group -c requirements/constraints.txt -o requirements/$$group.txt; \
	done
	$(COMPILE) requirements/checkov.in -o requirements/checkov.txt
	$(COMPILE) requirements/supply-chain.in -o requirements/supply-chain.txt

# $(call install,PYTHON) fills the environment that the target is in.
define install
	@test -x $(@D)/bin/python || $(UV) venv --quiet --python "$(1)" $(@D)
	@echo "Installing the locked requirements into $(@D) (about 2.2 GB)"
	@$(UV) pip sync --quiet --python $(@D) --require-hashes $(LOCKS)
	@$(UV) pip install --quiet --python $(@D) --no-deps --no-build-isolation --editable .
	@touch $@
endef

$(READY): $(LOCKS) pyproject.toml | $(UV)
	$(call install,$(PYTHON))

.tools/python-%/.ready: $(LOCKS) pyproject.toml | $(UV)
	$(call install,$*)

$(CHECKOV)/.ready $(SUPPLY_CHAIN)/.ready: .tools/%/.ready: requirements/%.txt | $(UV)
	@test -x $(@D)/bin/python || $(UV) venv --quiet --python "$(PYTHON)" $(@D)
	@echo "Installing $< into $(@D)"
	@$(UV) pip sync --quiet --python $(@D) --require-hashes $<
	@touch $@

.tools/bin/uv:
	@echo "Installing uv into .tools"
	@python3 -m venv .tools && .tools/bin/python -m pip install --quiet "uv==$(UV_VERSION)" || { \
		echo "uv could not be installed: install it by hand (https://docs.astral.sh/uv/) and run make again" >&2; \
		rm -rf .tools; exit 1; }
