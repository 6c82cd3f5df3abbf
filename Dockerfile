# syntax=docker/dockerfile:1
# Container images of the worker.
#   docker build --target cpu --tag offsample:cpu .      ONNX Runtime, no TensorFlow
#   docker build --target gpu --tag offsample:gpu .      TensorFlow with CUDA; needs the NVIDIA container toolkit to run
# Every package is pinned and hashed; pin the base by digest with --build-arg PYTHON_IMAGE=python@sha256:…

ARG PYTHON_IMAGE=python:3.11.13-slim-bookworm

# The project's own wheel.
FROM ${PYTHON_IMAGE} AS wheel
WORKDIR /build
COPY requirements/build.txt requirements/build.txt
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes \
        --requirement requirements/build.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY shared shared
COPY model_store model_store
COPY worker worker
COPY offsample offsample
RUN /opt/build/bin/pip wheel --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation \
        --wheel-dir /wheels .

# The packages of each image: all sources of ion images, and the engine.
FROM ${PYTHON_IMAGE} AS cpu-packages
RUN python -m venv /opt/offsample
COPY requirements/image.txt /tmp/requirements.txt
RUN /opt/offsample/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes \
        --requirement /tmp/requirements.txt
COPY --from=wheel /wheels /tmp/wheels
RUN /opt/offsample/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps /tmp/wheels/*.whl

FROM ${PYTHON_IMAGE} AS gpu-packages
RUN python -m venv /opt/offsample
COPY requirements/gpu.txt /tmp/requirements.txt
RUN /opt/offsample/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes \
        --requirement /tmp/requirements.txt
COPY --from=wheel /wheels /tmp/wheels
RUN /opt/offsample/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps /tmp/wheels/*.whl

# What both images share.
FROM ${PYTHON_IMAGE} AS worker
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="offsample" \
      org.opencontainers.image.description="Off-sample recognition for imaging mass spectrometry: a queue worker" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/offsample/bin:${PATH} \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
RUN groupadd --system --gid 10001 offsample \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin offsample \
    && mkdir /data
WORKDIR /tmp
USER 10001:10001
# SIGTERM drains: running events are finished, or released after OFFSAMPLE_DRAIN_SECONDS. The exec form makes Celery's
# main process PID 1; it handles the signal and reaps its pool's children.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 \
    CMD ["offsample", "health", "--name", "offsample", "--timeout", "10"]
ENTRYPOINT ["offsample"]
CMD ["worker", "--name", "offsample"]

FROM worker AS gpu
ENV OFFSAMPLE_ENGINE=auto \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    TF_CPP_MIN_LOG_LEVEL=2
COPY --from=gpu-packages /opt/offsample /opt/offsample

# The default target.
FROM worker AS cpu
ENV OFFSAMPLE_ENGINE=onnx
COPY --from=cpu-packages /opt/offsample /opt/offsample
