# The server. From the root of the project:
#   docker build -f deploy/docker/fluoro.Dockerfile -t fluoro/fluoro .
# Plain Dockerfile syntax, so podman and buildah build it as well.
# A binary that exists is taken by `--build-context compile=target/release`, in the place of the stage of that name.

ARG DEBIAN=docker.io/library/debian:bookworm-slim
ARG RUST=docker.io/library/rust:1.95-slim-bookworm
ARG NODE=docker.io/library/node:20-bookworm-slim

FROM ${NODE} AS console
WORKDIR /web
COPY console/web/package.json console/web/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY console/web ./
RUN npm run build

FROM ${RUST} AS compile
# jemalloc is built by its own makefile.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY bench bench
COPY crates crates
COPY examples/rust-axum examples/rust-axum
COPY xtask xtask
COPY --from=console /web/dist console/web/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --package fluoro \
    && install -D target/release/fluoro /fluoro

# hadolint ignore=DL3006
FROM ${DEBIAN} AS root
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=compile /fluoro /binary/fluoro
COPY deploy/docker/assemble-root /usr/local/bin/
RUN assemble-root fluoro /image /binary/fluoro \
    && install -d -o 10001 -g 10001 -m 0750 /image/var/lib/fluoro

FROM scratch
COPY --from=root /image/ /
USER 10001
WORKDIR /
# Both beat a file given with --config; flags beat both.
ENV FLUORO_BIND=0.0.0.0:2000 FLUORO_DATA_DIR=/var/lib/fluoro
VOLUME /var/lib/fluoro
EXPOSE 2000/udp 2000/tcp
HEALTHCHECK --interval=10s --timeout=3s --start-period=5m CMD ["/usr/bin/fluoro", "health"]
ENTRYPOINT ["/usr/bin/fluoro"]
CMD ["serve"]
