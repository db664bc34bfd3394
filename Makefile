# Every target sets itself up: a fresh clone needs Python 3.11 or newer, git and make.
#
#   make demo    the whole story on a small real project (one to two minutes)
#   make test    all tests
#   make check   format, lint, types, import rules, sizes, generated docs
#   make help    the rest

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PEERS := .venv-peers
PY := $(VENV)/bin/python
# One stamp for each environment: it is made again when the pins or the project file change.
READY := $(VENV)/.ready
EXAMPLE_READY := $(VENV)/.ready-example
PEERS_READY := $(PEERS)/.ready
MLFLOW := .venv-mlflow
MLFLOW_READY := $(MLFLOW)/.ready
RAY := .venv-ray
RAY_READY := $(RAY)/.ready
RAY_TUNE := .venv-ray-tune
RAY_TUNE_READY := $(RAY_TUNE)/.ready
DATA := .venv-data
DATA_READY := $(DATA)/.ready
SITE := .venv-site
SITE_READY := $(SITE)/.ready

RIG := .rig
RIG_READY := $(RIG)/.ready

# The first Python that is new enough; PYTHON=... overrides it.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	command -v $$p >/dev/null 2>&1 && \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# Twice as many as processors: many tests wait for a process.
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$(( n > 4 ? 8 : n * 2 )))
# What is imported is compiled then, and kept: compiling all that is installed takes as long as installing it.
PIP_INSTALL = -m pip install --quiet --no-compile --disable-pip-version-check

# Images of containers often forbid Python to keep bytecode: each of the tests' processes would compile all sources.
unexport PYTHONDONTWRITEBYTECODE

export BRANCHLINE_MLFLOW_PYTHON = $(CURDIR)/$(MLFLOW)/bin/python
export BRANCHLINE_DATA_PYTHON = $(CURDIR)/$(DATA)/bin/python
export BRANCHLINE_SITE_PYTHON = $(CURDIR)/$(SITE)/bin/python
export BRANCHLINE_RAY_PYTHON = $(CURDIR)/$(RAY)/bin/python
export BRANCHLINE_RAY_TUNE_PYTHON = $(CURDIR)/$(RAY_TUNE)/bin/python
export BRANCHLINE_PEERS_PYTHON = $(CURDIR)/$(PEERS)/bin/python
export BRANCHLINE_RIG ?= $(CURDIR)/$(RIG)

.PHONY: help python peers mlflow ray data rig demo test quick check bench docs site pictures format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Branchline needs Python 3.11 or newer; none of python3.11 ... python3.14, python3 is." >&2; \
		echo "Install one (Debian: apt install python3 python3-venv), or: make PYTHON=/path/to/python" >&2; \
		exit 1; fi
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make environments: install python3-venv (Debian: apt install python3-venv)" >&2; \
		exit 1; }

$(READY): pyproject.toml constraints.txt | python
	@echo "setting up $(VENV) ..."
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PY) $(PIP_INSTALL) -c constraints.txt -e '.[dev]'
	@touch $@

# The libraries of the examples (scikit-learn, a notebook's kernel, LightGBM) and of what `branchline new` makes, as a user
# would install them.
EXAMPLE_LIBRARIES := examples/tumour-classifier/requirements.txt examples/notebook/requirements.txt \
	examples/boosting-script/requirements.txt examples/mlproject/requirements.txt \
	src/branchline/generate/project/requirements.txt.in
$(EXAMPLE_READY): $(EXAMPLE_LIBRARIES) $(READY)
	@$(PY) $(PIP_INSTALL) -c constraints.txt $(addprefix -r ,$(EXAMPLE_LIBRARIES))
	@touch $@

$(PEERS_READY): constraints.txt | python
	@echo "setting up $(PEERS) (DVC and a server that speaks S3, for the tests) ..."
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python $(PIP_INSTALL) -c constraints.txt 'dvc[s3,ssh]==3.67.1' 'moto[server]'
	@touch $@

# A server of its own, with its 87 distributions; the tests start it on this machine.
$(MLFLOW_READY): constraints-mlflow.txt | python
	@echo "setting up $(MLFLOW) (MLflow, for the tests of its mirror) ..."
	@test -x $(MLFLOW)/bin/python || $(PYTHON) -m venv $(MLFLOW)
	@$(MLFLOW)/bin/python $(PIP_INSTALL) -c constraints-mlflow.txt mlflow
	@touch $@

mlflow: $(MLFLOW_READY) ## the environment with an MLflow server, for the tests of its mirror

# The nodes of a cluster, and the search that uses them: with Branchline itself.
$(RAY_READY): pyproject.toml constraints-ray.txt | python
	@echo "setting up $(RAY) (Ray, for the tests of trials on a cluster) ..."
	@test -x $(RAY)/bin/python || $(PYTHON) -m venv $(RAY)
	@$(RAY)/bin/python $(PIP_INSTALL) -c constraints-ray.txt -e '.[ray,tune]'
	@touch $@

# A peer of `branchline tune`, and what its trials import.
$(RAY_TUNE_READY): constraints-ray.txt | python
	@echo "setting up $(RAY_TUNE) (Ray Tune, to measure against) ..."
	@test -x $(RAY_TUNE)/bin/python || $(PYTHON) -m venv $(RAY_TUNE)
	@$(RAY_TUNE)/bin/python $(PIP_INSTALL) -c constraints-ray.txt 'ray[tune]' scikit-learn
	@touch $@

ray: $(RAY_READY) ## the environment with Ray, for the tests of trials on a cluster

# What projects check their data with: the tests run theirs as they are. Checks are run so that they write
# no bytecode, so this one is compiled.
$(DATA_READY): constraints-data.txt | python
	@echo "setting up $(DATA) (pandera, Great Expectations, Evidently, for the tests that run them) ..."
	@test -x $(DATA)/bin/python || $(PYTHON) -m venv $(DATA)
	@$(DATA)/bin/python $(filter-out --no-compile,$(PIP_INSTALL)) -c constraints-data.txt 'pandera[pandas]' great_expectations evidently pyarrow
	@touch $@

data: $(DATA_READY) ## the environment with pandera and others, for the tests of data checks

# What makes pages of docs/: Sphinx, MyST, Furo.
$(SITE_READY): constraints-site.txt | python
	@echo "setting up $(SITE) (the generator of the site) ..."
	@test -x $(SITE)/bin/python || $(PYTHON) -m venv $(SITE)
	@$(SITE)/bin/python $(PIP_INSTALL) -c constraints-site.txt sphinx myst-parser furo
	@touch $@

# GitHub's own parser and language service, an emulator of its API, zizmor, shellcheck.
$(RIG_READY): tests/rig/install.sh tests/rig/package.json tests/rig/requirements.txt | python
	@echo "setting up $(RIG) (the judges of the tests for GitHub) ..."
	@tests/rig/install.sh $(RIG) $(PYTHON)
	@touch $@

rig: $(RIG_READY) ## the judges of workflows and of what is sent to GitHub, for the tests

peers: $(PEERS_READY) ## the environment with DVC, for the tests that compare with it

demo: $(EXAMPLE_READY) ## the whole story on a small real project
	@$(PY) examples/demo.py

# What the tests need, side by side: each waits for the network as long as for a processor.
test: ## all tests
	@$(MAKE) --no-print-directory -j $(JOBS) $(EXAMPLE_READY) $(PEERS_READY) $(MLFLOW_READY) $(RAY_READY) \
		$(DATA_READY) $(SITE_READY) $(RIG_READY)
	@$(PY) -m pytest -n $(JOBS) --dist worksteal || { test $$? -eq 1 && $(PY) tests/alone.py; }

quick: $(READY) ## the tests that take seconds
	@$(PY) -m pytest -n $(JOBS) -m "not slow and not peers"

check: $(READY) ## format, lint, types, import rules, sizes, generated docs
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(PY) docs/build.py --check
	@$(PY) -m pytest -q -p no:cacheprovider tests/house
	@echo "all checks passed"

bench: $(EXAMPLE_READY) $(PEERS_READY) $(RAY_TUNE_READY) ## measure against DVC, make and git
	@$(PY) benchmarks/run.py

docs: $(READY) ## write docs/reference again
	@$(PY) docs/build.py

site: $(SITE_READY) ## the documentation as a site, in .site; a broken link fails
	@$(SITE)/bin/python docs/website/build.py

pictures: $(READY) ## the screenshots of docs/images, made in Chromium
	@$(PY) docs/screenshots.py

format: $(READY) ## put the code into its format
	@$(VENV)/bin/ruff check --fix-only --quiet .
	@$(VENV)/bin/ruff format .

clean: ## remove what the targets made
	rm -rf $(VENV) $(PEERS) $(MLFLOW) $(RAY) $(RAY_TUNE) $(DATA) $(SITE) $(RIG) .demo .site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache benchmarks/results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
