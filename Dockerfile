# syntax=docker/dockerfile:1

FROM node:24-bookworm-slim AS graphiql
WORKDIR /build
COPY graphiql .
RUN npm ci --no-audit --no-fund && npm run build

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
# Required by the build of jemalloc.
RUN apt-get update && apt-get install -y --no-install-recommends make
# .dockerignore admits only the sources of the binary. The image's own toolchain builds it, so
# rust-toolchain.toml is excluded: it would also download clippy and rustfmt.
COPY . .
COPY --from=graphiql /build/dist graphiql/dist
# The caches keep compiled dependencies between builds and are not part of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked \
    && install -Ds target/release/kanban /out/kanban

FROM debian:bookworm-slim
# The root certificates for sslmode=verify-full.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin kanban \
    && install -d -o kanban -g kanban /data
COPY --from=build /out/kanban /usr/local/bin/kanban

ENV LISTEN_ADDR=0.0.0.0:8000 \
    DATABASE_URL=sqlite:///data/kanban.db
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
# Requests /readyz with bash, which the image has anyway. Assumes port 8000.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000 && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '^HTTP/1.* 200 ' <&3"]
ENTRYPOINT ["kanban"]
CMD ["serve"]
