# One image for everything that is Python here: the DAGs and their steps, the APIs, MLflow.
#   docker compose build

FROM python:3.11.14-slim-bookworm AS build

SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# LightFM is built here. Versions are those of the base's release of Debian.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.lock pyproject.toml README.md ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check uv==0.9.11 \
    && VIRTUAL_ENV=/opt/venv /opt/venv/bin/uv pip install --no-cache --compile-bytecode \
        --constraint requirements.lock --requirement pyproject.toml
COPY api api
COPY ingestion ingestion
COPY lake lake
COPY ml ml
COPY orchestration orchestration
COPY dbt_project dbt_project
COPY notebooks notebooks
COPY docs/runbooks docs/runbooks
COPY profiles.yml .gi[t] ./git/
RUN mv git/profiles.yml . && head=$(cat git/HEAD 2>/dev/null || true) \
    && { cat "git/${head#ref: }" || grep --max-count=1 " ${head#ref: }\$" git/packed-refs || true; } 2>/dev/null \
        | cut -c 1-40 > COMMIT \
    && rm -r git
RUN VIRTUAL_ENV=/opt/venv /opt/venv/bin/uv pip install --no-cache --no-deps --editable . \
    && /opt/venv/bin/python -m pip uninstall --yes uv \
    && MOOVITAMIX_DATA_DIR=/tmp/build /opt/venv/bin/moovitamix graph \
    && MOOVITAMIX_DATA_DIR=/tmp/build /opt/venv/bin/python -m orchestration.local_stack.docs /tmp/docs \
    && install -D --mode=644 --target-directory=/app/dbt_docs /tmp/docs/static_index.html \
    && /opt/venv/bin/python -m compileall -q /app


FROM python:3.11.14-slim-bookworm

# OpenMP, for LightFM.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /tmp moovitamix \
    && install --directory --owner=moovitamix --mode=0700 /data /backups \
    && install --directory --owner=moovitamix --mode=0755 /keys
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GIT_PYTHON_REFRESH=quiet \
    HOME=/tmp \
    MOOVITAMIX_DATA_DIR=/data \
    MOOVITAMIX_BACKUP_DIR=/backups \
    MOOVITAMIX_STACK_DBT_DOCS=/app/dbt_docs \
    AIRFLOW_HOME=/data/airflow
USER 10001
VOLUME /data /backups
# What each service runs, and how its health is checked, is in docker-compose.yml; by itself the
# image answers health checks.
HEALTHCHECK NONE
ENTRYPOINT []
CMD ["moovitamix", "status"]
