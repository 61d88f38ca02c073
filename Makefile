# Everything sets itself up in .venv from the lock files; only Python 3.11+, git and make are needed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint bench lock clean

demo: .venv/.run
	$(BIN)/okrlink demo

# Most tests wait for servers and processes: two for each processor, and whoever is done early takes over from the others.
test: .venv/.dev
	$(BIN)/pytest -n auto --dist worksteal

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.dev
	$(BIN)/python -m tests.bench

# Needs uv; the flags keep addresses and paths of any machine out of the files.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --prerelease=if-necessary-or-explicit -q
lock:
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) pyproject.toml --group test --group lint -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv build *.egg-info

.venv/.made:
	$(PYTHON) -m venv .venv
	touch $@

.venv/.run: .venv/.made requirements.lock pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@
