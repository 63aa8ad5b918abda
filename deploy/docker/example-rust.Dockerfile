# The two services of examples/rust-axum, for deploy/kubernetes/example. From the root of the project:
#   docker build -f deploy/docker/example-rust.Dockerfile -t fluoro/example-rust .
# Binaries that exist are taken by `--build-context compile=target/release`, in the place of the stage of that name.

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
    cargo build --release --locked --package rust-axum \
    && install -D target/release/springboot /springboot \
    && install -D target/release/springboot2 /springboot2

# hadolint ignore=DL3006
FROM ${DEBIAN} AS root
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=compile /springboot /springboot2 /binary/
COPY deploy/docker/assemble-root /usr/local/bin/
RUN assemble-root story /image /binary/springboot /binary/springboot2

FROM scratch
COPY --from=root /image/ /
USER 10001
WORKDIR /
ENV HOST=0.0.0.0
EXPOSE 8080/tcp 8081/tcp
CMD ["/usr/bin/springboot"]
