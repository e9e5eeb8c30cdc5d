# Nothing but Python 3.11 or later and make is needed. Everything is installed into .venv, from the locked and hashed
# lists in requirements/, and `make clean` takes it all away again.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LITELLM := .venv-litellm
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint docs bench prove measure lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST)

setup: $(VENV)/.run  ## .venv with the command stillwatch in it

demo: $(VENV)/.run  ## simulate and scan a log; then three providers that warn each other, and the console of one of them
	$(BIN)/stillwatch demo --out out/demo
	rm -rf out/demo-exchange
	$(BIN)/stillwatch demo --exchange --out out/demo-exchange

test: $(VENV)/.dev $(LITELLM)/.run  ## all tests, the slow ones too
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n auto --dist worksteal -q

lint: $(VENV)/.dev  ## ruff, mypy and the layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.dev  ## write the reference pages anew from the code
	$(BIN)/python docs/generate.py

# Further labelled scenarios, where there are any; they are no part of this project.
PROVING_GROUND ?= $(wildcard ../shared/proving-ground)
MEASURE = STILLWATCH_PROVING_GROUND="$(PROVING_GROUND)" $(BIN)/python

bench: $(VENV)/.dev $(LITELLM)/.run  ## time the kernels and the scan against others', as ratios
	$(MEASURE) bench/scan.py
	$(MEASURE) bench/growth.py
	$(MEASURE) bench/engines.py --scale 1
	$(MEASURE) bench/incremental.py
	$(MEASURE) bench/exchange.py
	$(MEASURE) bench/gateway.py
	$(MEASURE) bench/gateways.py
	$(LITELLM)/bin/python bench/litellm_hook.py
	$(MEASURE) bench/watch.py
	$(MEASURE) bench/ledger.py
	$(MEASURE) bench/console.py
	$(MEASURE) bench/forensics.py

prove: $(VENV)/.dev  ## measure detection on labelled scenarios and seeds, alone and over an exchange, into tables
	$(MEASURE) bench/prove.py
	$(MEASURE) bench/alliance.py
	$(MEASURE) bench/response.py
	$(MEASURE) bench/radioactivity.py
	$(MEASURE) bench/canaries.py

measure: $(VENV)/.dev  ## write docs/measurements.md anew: hours
	$(MEASURE) bench/prove.py --markdown docs/measurements.md
	$(MEASURE) bench/leak.py --markdown docs/measurements.md
	$(MEASURE) bench/ablation.py --few --markdown docs/measurements.md
	$(MEASURE) bench/separability.py --markdown docs/measurements.md
	$(MEASURE) bench/scan.py --markdown docs/measurements.md
	$(MEASURE) bench/growth.py
	$(MEASURE) bench/incremental.py --markdown docs/measurements.md
	$(MEASURE) bench/looking.py --markdown docs/measurements.md
	$(MEASURE) bench/alliance.py --markdown docs/measurements.md
	$(MEASURE) bench/response.py --markdown docs/measurements.md
	$(MEASURE) bench/adaptive.py --markdown docs/measurements.md
	$(MEASURE) bench/exchange.py --full --markdown docs/measurements.md
	$(MEASURE) bench/gateway.py --markdown docs/measurements.md
	$(MEASURE) bench/gateways.py --markdown docs/measurements.md
	$(MEASURE) bench/watch.py --markdown docs/measurements.md
	$(MEASURE) bench/ledger.py --markdown docs/measurements.md
	$(MEASURE) bench/console.py --markdown docs/measurements.md
	$(MEASURE) bench/radioactivity.py --markdown docs/measurements.md
	$(MEASURE) bench/canaries.py --markdown docs/measurements.md
	$(MEASURE) bench/forensics.py --markdown docs/measurements.md
	$(MEASURE) bench/malicious.py --markdown docs/exchange/malicious.md

LOCK = uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --group build
EXTRAS = $(addprefix --extra ,report exchange gateway forensics console pdf envoy kafka cedar)
ENGINES = $(addprefix --extra ,spark clickhouse delta iceberg)  # where the demo does not go

lock:  ## pin the newest versions that fit (needs uv)
	$(LOCK) $(EXTRAS) --upgrade --output-file requirements/run.txt
	$(LOCK) $(EXTRAS) $(ENGINES) --upgrade --constraint requirements/run.txt --group dev --output-file requirements/dev.txt
	$(LOCK) requirements/litellm.in --upgrade --output-file requirements/litellm.txt

clean:  ## remove all that the targets made
	rm -rf $(VENV) $(LITELLM) out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests bench docs -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'stillwatch needs Python 3.11 or later; name one: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'Python cannot make a virtual environment here: apt-get install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	$(INSTALL) --require-hashes -r requirements/run.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

# LiteLLM's proxy pins what others need newer: it gets an environment of its own, with the package in it, as users have it.
$(LITELLM)/.run: requirements/litellm.txt pyproject.toml | $(VENV)/bin/python
	$(PYTHON) -m venv $(LITELLM)
	$(LITELLM)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/litellm.txt
	$(LITELLM)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@
