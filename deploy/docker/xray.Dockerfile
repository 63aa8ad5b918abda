# The agent, in the place of AWS's daemon. From the root of the project:
#   docker build -f deploy/docker/xray.Dockerfile -t fluoro/xray .
# Plain Dockerfile syntax, so podman and buildah build it as well (with --format docker, to keep the health check).
# A binary that exists is taken by `--build-context compile=target/release`, in the place of the stage of that name.

ARG DEBIAN=docker.io/library/debian:bookworm-slim
ARG RUST=docker.io/library/rust:1.95-slim-bookworm

FROM ${RUST} AS compile
WORKDIR /source
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY bench bench
COPY crates crates
COPY examples/rust-axum examples/rust-axum
COPY xtask xtask
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --profile agent --locked --package fluoro-daemon --bin xray \
    && install -D target/agent/xray /xray

# hadolint ignore=DL3006
FROM ${DEBIAN} AS root
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=compile /xray /binary/xray
COPY deploy/docker/assemble-root /usr/local/bin/
RUN assemble-root xray /image /binary/xray \
    # Where AWS's image has it; manifests call either.
    && ln -s /usr/bin/xray /image/xray \
    # A configuration file may be mounted here, as for AWS's image; none is needed.
    && mkdir -p /image/etc/amazon/xray

FROM scratch
COPY --from=root /image/ /
USER 10001
WORKDIR /
EXPOSE 2000/udp 2000/tcp
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/usr/bin/xray", "--health"]
# As AWS's image: flags given to the container follow these and beat them.
ENTRYPOINT ["/usr/bin/xray", "-t", "0.0.0.0:2000", "-b", "0.0.0.0:2000"]
