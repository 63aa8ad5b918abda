# The two services of examples/python-flask, for deploy/docker-compose.yaml. From the root of the project:
#   docker build -f deploy/docker/example.Dockerfile -t fluoro/example .

ARG PYTHON=docker.io/library/python:3.11-slim-bookworm

# hadolint ignore=DL3006
FROM ${PYTHON}
WORKDIR /example
COPY examples/python-flask/requirements.txt ./
RUN pip install --no-cache-dir --requirement requirements.txt
COPY examples/python-flask ./
USER 10001
ENV HOST=0.0.0.0
CMD ["python", "springboot.py"]
