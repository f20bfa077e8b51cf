# Everything lives in .venv; what `make run` stores lives in .state. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
CREATED := $(VENV)/.created
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
TRAIN := $(VENV)/.installed-train
# The commit that protos must stay compatible with.
BASE = $(shell for base in origin/main main HEAD~1; do \
  found=$$(git rev-parse -q --verify $$base) && [ "$$found" != "$$(git rev-parse HEAD)" ] && echo $$found && break; done)

# install PACKAGE...: with apt, by sudo where we are not root; fails where neither serves.
define APT
install() { \
  command -v apt-get >/dev/null || { echo "apt-get is missing; install by hand: $$*" >&2; return 1; }; \
  local as=(); \
  if [ "$$(id -u)" != 0 ]; then \
    command -v sudo >/dev/null || { echo "neither root nor sudo; install by hand: $$*" >&2; return 1; }; \
    as=(sudo); \
  fi; \
  echo "installing $$* …"; \
  "$${as[@]}" apt-get update -qq && \
  "$${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$$@" >/dev/null; \
}
endef

.PHONY: help run test check lint types protos proto-check docs bench quality lock clean train doctor system-packages

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  ARGS=… passes options on (make run ARGS=--once), T=… chooses tests (make test T=tests/unit)"

run: $(RUN) ## the whole system on this machine, with a sample inbox and a live table
	@exec $(BIN)/switchyard run $(ARGS)

doctor: $(RUN) ## check ports, store, models, clock and configuration
	@$(BIN)/switchyard doctor $(ARGS)

test: $(if $(T),$(DEV),check) system-packages ## lint, types, proto checks and every test; T=… those tests alone
	@$(BIN)/pytest $(or $(T),tests) $(ARGS)

check: lint types proto-check

lint: $(DEV) ## ruff
	@$(BIN)/ruff check .

types: $(if $(filter true,$(CI)),$(TRAIN),$(DEV)) ## mypy, strict
	@$(BIN)/mypy

protos: $(DEV) ## generate shared/pb from the protos
	@$(BIN)/python protos/generate.py

proto-check: $(DEV) ## lint the protos and hold them against main for breaking changes
	@$(BIN)/buf lint protos
	@if [ -n "$(BASE)" ] && git cat-file -e "$(BASE):protos/buf.yaml" 2>/dev/null; then \
	  $(BIN)/buf breaking protos --against ".git#ref=$(BASE),subdir=protos"; \
	elif [ "$${CI:-}" = true ] && [ "$$(git rev-parse --is-shallow-repository)" = true ]; then \
	  echo "in CI nothing may be left out: this clone is shallow, so no earlier commit is here to hold the protos" \
	    "against; clone with history (fetch-depth: 0), or run: git fetch --unshallow" >&2; exit 1; \
	else echo "left out: breaking changes of the protos (no earlier commit to compare with)"; fi

docs: $(DEV) ## write the generated parts of the README
	@table="$$($(BIN)/switchyard config table)" $(BIN)/python -c 'import os, pathlib, re; \
	  readme = pathlib.Path("README.md"); \
	  between = r"(?s)(?<=<!-- configuration: begin -->\n).*(?=<!-- configuration: end -->)"; \
	  table = os.environ["table"] + "\n"; \
	  readme.write_text(re.sub(between, lambda _: table, readme.read_text()))'

bench: $(DEV) ## measure throughput and latency against the bare models
	@$(BIN)/python -m benchmarks.pipeline $(ARGS)

quality: $(TRAIN) ## train and score on the public sets of ../shared/data; ARGS=--list tells what was run
	@$(BIN)/python -m benchmarks.quality $(ARGS)

lock: $(CREATED) ## pin the requirements of pyproject.toml (ARGS=--upgrade takes newer releases)
	@$(BIN)/python -c 'import uv' 2>/dev/null || $(PIP) install uv
	@mkdir -p requirements
	@set -- --universal --python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links --quiet; \
	build='setuptools>=80'; \
	compile() { echo "$$build" | $(BIN)/uv pip compile pyproject.toml - "$$@"; }; \
	compile "$$@" --generate-hashes --extra embedded $(ARGS) -o requirements/run.txt; \
	compile "$$@" --generate-hashes --extra embedded --extra dev -c requirements/run.txt $(ARGS) -o requirements/dev.txt; \
	accelerator=($$(compile "$$@" --extra train --no-annotate | sed -nE 's/^((nvidia|cuda)-[a-z0-9-]+|triton)==.*/--no-emit-package=\1/p')); \
	compile "$$@" "$${accelerator[@]}" --extra embedded --extra dev --extra train -c requirements/dev.txt $(ARGS) \
	  -o requirements/train.txt

clean: ## remove what builds and tests leave behind (.venv and .state stay)
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -path ./$(VENV) -prune -o -path ./.state -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

$(CREATED):
	@command -v $(PYTHON) >/dev/null || { $(APT); install python3; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed, and $(PYTHON) is $$($(PYTHON) -V); name one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { $(APT); install "$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; }
	@$(BIN)/python -c 'import pip' 2>/dev/null || { echo "creating $(VENV) …"; $(PYTHON) -m venv $(VENV); }
	@touch $@

$(RUN): requirements/run.txt pyproject.toml $(CREATED)
	@echo "installing into $(VENV) …"
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements/dev.txt pyproject.toml $(CREATED)
	@echo "installing into $(VENV), with what the tests need …"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(RUN)

# Training needs torch, which is large: its tests run in CI, and elsewhere once `make train` has brought it.
$(TRAIN): requirements/train.txt $(DEV)
	@echo "installing what training needs …"
	@$(PIP) install -r requirements/train.txt
	@touch $@

train: $(TRAIN) ## bring what training needs (torch and the like)

# What tests need of the system. In CI nothing may be left out; elsewhere it is named.
system-packages: $(if $(filter true,$(CI)),$(TRAIN))
	@[ -e $(TRAIN) ] || echo "left out: tests of training (bring torch with: make train)"
	@$(APT); missing=(); \
	command -v redis-server >/dev/null || missing+=(redis-server); \
	command -v node >/dev/null || missing+=(nodejs); \
	command -v npm >/dev/null || missing+=(npm); \
	if [ $${#missing[@]} != 0 ] && ! install "$${missing[@]}"; then \
	  if [ "$${CI:-}" = true ]; then echo "in CI nothing may be left out: $${missing[*]}" >&2; exit 1; fi; \
	  echo "left out: tests that need $${missing[*]}"; \
	fi
