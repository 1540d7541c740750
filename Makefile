# The interface of the project: `make run` and `make test` do all that a fresh machine needs.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DOCS_PORT ?= 8080
BENCH ?=
# Where it is set each process compiles the modules that it imports anew: 5 s of a day's 30.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run airflow env env-example openapi test test-quick test-slow test-spark test-lakehouse test-containers setup setup-spark setup-lakehouse machine lint lint-types lint-style lint-sql format docs bench bench-small lock clean

run: setup  ## live one day: API, lake, marts, publication
	@$(BIN)/moovitamix run

airflow: setup  ## the same day by Airflow, with MLflow and the serving API, until Ctrl-C
	@exec $(BIN)/moovitamix airflow --with-parent

env: setup  ## random secrets for docker-compose.yml, in .env
	@$(BIN)/python -m orchestration.local_stack.settings_file

openapi: setup  ## docs/openapi.json, from the serving API
	@$(BIN)/python -m api.serving.http.openapi_document

env-example: setup  ## .env.example, from the settings classes
	@$(BIN)/python -m orchestration.run.env_example

# In order: files of few tests run whole days, and started last would keep one worker waiting. Three
# workers on two cores: each waits for servers and processes of its own a fifth of the time.
test: setup  ## every promise, in its small form
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

test-quick: setup  ## what needs no disk and no server, in under a minute
	@$(BIN)/pytest -n 2 -q tests/unit

test-slow: setup  ## the long forms: 30 crashes, 30 days, a catalogue of 20 million listens
	@$(BIN)/pytest -m slow

setup: $(READY)  ## .venv, from the lock

$(READY): requirements.lock pyproject.toml
	@$(MAKE) --no-print-directory machine
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes --requirement requirements.lock
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $@

machine:  ## what the machine must have, each lack in one line
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or 3.12 is missing (PYTHON=… names another)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' \
		|| { echo "Python 3.11 or 3.12 is needed; $(PYTHON) is $$($(PYTHON) -V) (PYTHON=… names another)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python's venv module is missing (Debian: apt-get install python3-venv)"; exit 1; }
	@$(PYTHON) -c 'import os, sys, sysconfig as s; sys.exit(not os.path.exists(s.get_path("include") + "/Python.h"))' \
		|| { echo "Python's headers are missing (Debian: apt-get install python3-dev)"; exit 1; }
	@command -v $${CC:-cc} >/dev/null || { echo "a C compiler is missing (Debian: apt-get install gcc libc6-dev)"; exit 1; }

lint: setup  ## style, types, layers, SQL, dbt conventions
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint-types lint-style lint-sql

lint-types:
	@$(BIN)/mypy

lint-style:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/lint-imports --no-cache

lint-sql:
	@$(BIN)/sqlfluff lint --disable-progress-bar dbt_project/models dbt_project/tests dbt_project/analyses
	@MOOVITAMIX_DATA_DIR=$(CURDIR)/data $(BIN)/dbt --quiet parse --project-dir dbt_project
	@$(BIN)/dbt-bouncer --config-file dbt_project/dbt-bouncer.yml

docs: setup  ## the documentation as one site, dbt's pages inside, at the address it prints
	@$(BIN)/python -m orchestration.site --port $(DOCS_PORT)

format: setup  ## put right what can be put right by a machine
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

setup-spark: .venv/.ready-spark  ## Apache Spark beside it: PySpark and dbt-spark (480 MB); needs Java 17

.venv/.ready-spark: requirements-spark.lock $(READY)
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes --requirement requirements-spark.lock
	@touch $@

test-spark: setup-spark  ## the same marts from both engines, row by row
	@command -v java >/dev/null || { echo "Java 17 is missing (Debian: apt-get install openjdk-17-jre-headless)"; exit 1; }
	@$(BIN)/pytest -m spark

setup-lakehouse: .venv/.ready-lakehouse  ## DuckDB's extensions for a lakehouse on PostgreSQL (78 MB)

.venv/.ready-lakehouse: pyproject.toml $(READY)
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --editable '.[lakehouse]' --constraint requirements.lock
	@touch $@

test-containers: setup  ## build the image, run the whole stack; needs root and a Docker engine
	@command -v docker >/dev/null || { echo "Docker is missing (Debian: apt-get install docker.io docker-compose)"; exit 1; }
	@$(BIN)/pytest -m containers

test-lakehouse: setup-lakehouse  ## many writers and readers at once
	@$(BIN)/pytest -m lakehouse

bench: setup  ## what was promised against what is measured, in one table: hours; make bench BENCH=ingest
	@$(BIN)/python -m bench $(BENCH)

bench-small: setup  ## the same in minutes; fails where a ratio is much worse than its baseline
	@$(BIN)/python -m bench --small --guard

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock: setup  ## resolve the dependencies again; make lock UPGRADE=--upgrade takes newer versions
	@$(BIN)/uv pip compile $(LOCK) $(UPGRADE) --extra dev --extra local pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile $(LOCK) $(UPGRADE) --extra spark --constraint requirements.lock pyproject.toml \
		-o requirements-spark.lock

clean:  ## forget every run; keeps .venv
	@rm -rf data dbt_project/target dbt_project/logs
