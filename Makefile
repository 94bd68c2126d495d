# make demo   set up .venv, then run the main job: Kuramoto-Sivashinsky at its default preset
# make test   the same set-up, then format, lint, types and tests
# make slow   the long tests, too
# make clean  remove what builds leave behind (never runs/)

PYTHON ?= python3.11
BIN := .venv/bin
PACKAGES := solvers datasets surrogates experiments

.PHONY: demo test lint types slow clean setup

demo: .venv/installed
	$(BIN)/understudy run kuramoto-sivashinsky

test: .venv/installed-tests lint types
	$(BIN)/pytest -n 2 --dist loadfile -q

lint: .venv/installed-tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

# mypy wants to see the folders under the name by which they are imported
types: .venv/installed-tests
	@mkdir -p .venv/types/understudy
	@for p in $(PACKAGES); do ln -sfn $(CURDIR)/$$p .venv/types/understudy/$$p; done
	cd .venv/types && ../bin/mypy --config-file $(CURDIR)/pyproject.toml --cache-dir $(CURDIR)/.mypy_cache -p understudy

slow: .venv/installed-tests
	$(BIN)/pytest -q -m slow

setup: .venv/installed

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Understudy is tested with Python 3.11: install it, or run 'make PYTHON=/path/to/python'"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/installed-tests: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,peers,interop]'
	@touch .venv/installed $@

clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
