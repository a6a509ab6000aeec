# Four commands are all a contributor needs: demo, test, check, bench. Each does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check bench clean
.DELETE_ON_ERROR:

demo: $(VENV)/.run  ## audit the sample logs and write report.html
	$(BIN)/llmaudit audit sample_logs/claude_code sample_logs/*.gz --out report.html
	@echo "The report is $(CURDIR)/report.html"

test: $(VENV)/.dev  ## everything the tests need, then the tests
	./tests/find-browser.sh
	$(BIN)/python -m pytest -n auto --dist worksteal

check: $(VENV)/.dev  ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.dev  ## three of the benchmarks, beside their peers
	$(BIN)/python benchmarks/ingest.py
	$(BIN)/python benchmarks/pricing.py
	$(BIN)/python benchmarks/tiers.py

clean:  ## remove what the commands above made
	rm -rf $(VENV) report.html

$(VENV)/.python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "llmaudit needs Python 3.11 or newer (set PYTHON=…)")'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/.python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/.python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@ $(VENV)/.run  # it has every package of run.txt: the demo installs nothing again
