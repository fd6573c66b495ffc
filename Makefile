# make setup once, then make demo or make test; CI calls only these targets.
PYTHON ?= python3.11
BIN = .venv/bin
STAMP = .venv/.set-up
# Its wrapper for Python ends well whatever this says.
COMPOSE = .venv/lib/python3.11/site-packages/compose/docker-compose

.PHONY: setup demo format check test test-all bench

setup: $(STAMP)  ## .venv with the `sweeps` command, pinned; does nothing when up to date

$(STAMP): constraints.txt setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip==$$(sed -n 's/^# pip==//p' constraints.txt)"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup  ## two real sweeps on scikit-learn's digits, from start to exported champion
	$(BIN)/sweeps run examples/digits-beta-vae.yaml
	$(BIN)/sweeps run examples/digits-infogan.yaml
	@echo 'The command `sweeps` is $(BIN)/sweeps; `. $(BIN)/activate` puts it on your path.'

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: setup  ## format, lint, types, the direction of imports, and docker/
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint docker/Dockerfile
	$(BIN)/shellcheck --external-sources --source-path=SCRIPTDIR docker/*.sh docker/entrypoints/*.sh
	$(COMPOSE) --env-file docker/.env.example --file docker/compose.yaml --profile '*' config --quiet

test: setup  ## every test, two at a time, within ten minutes on two cores
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-all: check test

bench: setup  ## the figures of README and docs; keep the machine quiet
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,bench]'
	$(BIN)/python -m benchmarks.compare
