# Every image of the project: docker build --target airflow|mlflow|api|ui|load .
#
# PYTHON_IMAGE can be any image with Python 3.11 to 3.14, venv and pip. If a proxy signs with its own certificate
# authority, pass the certificate as a build secret; it does not end up in the image:
#   docker build --secret id=ca,src=ca.pem --target api .
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# ---------------------------------------------------------------- requirements, checked by hash
FROM ${PYTHON_IMAGE} AS requirements
# Package index; pip's default if unset.
ARG PIP_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# The environment has no pip, so nothing in an image can install packages into it.
RUN python3 -m venv --without-pip /opt/venv
COPY docker/install-lock.sh /usr/local/bin/install-lock

FROM requirements AS requirements-airflow
RUN --mount=type=bind,source=requirements/airflow.txt,target=/tmp/lock.txt \
    --mount=type=secret,id=ca install-lock /tmp/lock.txt

FROM requirements AS requirements-mlflow
RUN --mount=type=bind,source=requirements/mlflow.txt,target=/tmp/lock.txt \
    --mount=type=secret,id=ca install-lock /tmp/lock.txt

FROM requirements AS requirements-api
RUN --mount=type=bind,source=requirements/api.txt,target=/tmp/lock.txt \
    --mount=type=bind,source=docker/trim_api.py,target=/tmp/trim_api.py \
    --mount=type=secret,id=ca install-lock /tmp/lock.txt \
    && python3 /tmp/trim_api.py /opt/venv/lib/python3.*/site-packages

FROM requirements AS requirements-ui
RUN --mount=type=bind,source=requirements/ui.txt,target=/tmp/lock.txt \
    --mount=type=secret,id=ca install-lock /tmp/lock.txt

FROM requirements AS requirements-load
RUN --mount=type=bind,source=requirements/load.txt,target=/tmp/lock.txt \
    --mount=type=secret,id=ca install-lock /tmp/lock.txt

# ---------------------------------------------------------------- the project's code, compiled
FROM ${PYTHON_IMAGE} AS code
WORKDIR /app
COPY include include
COPY api api
COPY ui ui
COPY load load
COPY plugins plugins
COPY dags dags
COPY requirements/constraints.txt requirements/
RUN python3 -m compileall -q --invalidation-mode unchecked-hash .

# ---------------------------------------------------------------- shared by all images
FROM ${PYTHON_IMAGE} AS runtime
RUN groupadd --gid 10001 app \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin app
# The root file system may be read-only, so processes write only below /tmp.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app/include:/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    GIT_PYTHON_REFRESH=quiet \
    MLFLOW_DISABLE_TELEMETRY=true \
    MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR=false \
    GX_ANALYTICS_ENABLED=false \
    OMP_WAIT_POLICY=PASSIVE
WORKDIR /app
STOPSIGNAL SIGTERM
# Last, so that a build of another revision reuses the layers above.
ARG VERSION=0.2.0
ARG REVISION=unknown
# The label must be a valid date; this one means that no date was given.
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="readmission" \
      org.opencontainers.image.description="Readmission of diabetic patients" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

# ---------------------------------------------------------------- images
FROM runtime AS mlflow
LABEL org.opencontainers.image.title="readmission-mlflow"
COPY --from=requirements-mlflow /opt/venv /opt/venv
COPY --from=code /app/include include
USER 10001:10001
EXPOSE 5000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=5 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:5000/health', timeout=4)"]
CMD ["python", "-m", "readmission.operations.mlflow_server", "0.0.0.0", "5000"]

FROM runtime AS api
LABEL org.opencontainers.image.title="readmission-api"
ENV MALLOC_ARENA_MAX=2 \
    READMISSION_API_HOST=0.0.0.0 \
    READMISSION_API_PORT=8000 \
    READMISSION_MODEL_CACHE_DIR=/var/lib/readmission/model \
    READMISSION_PREDICTION_SPOOL_DIR=/var/lib/readmission/prediction-spool
COPY --from=requirements-api /opt/venv /opt/venv
COPY --from=code /app/include include
COPY --from=code /app/api api
# For the last good model and predictions not yet written. A volume mounted here inherits the owner.
RUN install -d -o 10001 -g 10001 /var/lib/readmission
USER 10001:10001
# Check that trim_api.py removed nothing that these imports need.
RUN ["python", "-c", "import api.main, mlflow.pyfunc, pyarrow.fs, pyarrow.parquet, sklearn.pipeline, xgboost"]
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=4s --start-period=60s --retries=5 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=3)"]
CMD ["python", "-m", "api"]

FROM runtime AS ui
LABEL org.opencontainers.image.title="readmission-ui"
COPY --from=requirements-ui /opt/venv /opt/venv
COPY --from=code /app/include include
COPY --from=code /app/ui ui
USER 10001:10001
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=5 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=3)"]
CMD ["python", "-m", "ui", "--server.address", "0.0.0.0", "--server.port", "8501"]

FROM runtime AS load
LABEL org.opencontainers.image.title="readmission-load"
COPY --from=requirements-load /opt/venv /opt/venv
COPY --from=code /app/include include
COPY --from=code /app/load load
USER 10001:10001
EXPOSE 8089
HEALTHCHECK --interval=10s --timeout=4s --start-period=15s --retries=5 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8089/', timeout=3)"]
CMD ["locust", "-f", "/app/load/locustfile.py"]

# Last, so that builds without a target, such as the Astro CLI's, produce the Airflow image.
FROM runtime AS airflow
LABEL org.opencontainers.image.title="readmission-airflow"
ENV AIRFLOW_HOME=/tmp/airflow \
    PYTHONPATH=/app/include:/app:/app/docker \
    AIRFLOW__CORE__DAGS_FOLDER=/app/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/app/plugins \
    READMISSION_CACHE_DIR=/tmp/cache \
    READMISSION_DOCS_DIR=/tmp/data-docs
COPY --from=requirements-airflow /opt/venv /opt/venv
COPY --from=code /app/include include
COPY --from=code /app/plugins plugins
COPY --from=code /app/dags dags
COPY --from=code /app/requirements requirements
COPY docker/airflow-api-server.sh docker/airflow_local_settings.py docker/lineage.py docker/lineage_events.py docker/
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=10s --start-period=120s --retries=5 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/api/v2/monitor/health', timeout=8)"]
CMD ["/app/docker/airflow-api-server.sh"]
