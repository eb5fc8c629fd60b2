# nbfix and nothing else that it does not need:
#   docker build -t nbfix .
#   docker run --rm -v "$PWD:/notebooks" nbfix check
FROM rust:1.95-slim AS build
WORKDIR /src
COPY . .
RUN cargo install --path crates/nbfix --locked --no-track --root /out

FROM debian:stable-slim
# `--changed-since` asks git. What is mounted belongs to somebody else than the user in here.
RUN apt-get update \
    && apt-get install -y --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*'
COPY --from=build /out/bin/nbfix /usr/local/bin/nbfix
WORKDIR /notebooks
ENTRYPOINT ["nbfix"]
CMD ["check"]
