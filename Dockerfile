# The agent and Envoy in one image, for amd64 and arm64:
#
#   docker build -t appnet-agent .
#
# What the build fetches from npm has its hash in package-lock.json, and Debian signs its packages. The base images are named by
# tag. To pin one to a digest, set its argument to tag and digest:
#
#   docker build --build-arg DEBIAN_IMAGE=debian:bookworm-slim@sha256:DIGEST -t appnet-agent .
#
# Another Envoy, for example one built for FIPS, can be taken from any image that contains it:
#
#   docker build --build-arg ENVOY_IMAGE=my/envoy-fips:1.40.0 --build-arg ENVOY_BINARY=/usr/local/bin/envoy ...
#
# It must work with the C library of this Debian, as the official binary does.

# The same version of Node as in scripts/node/package.json: the build stores code that V8 has compiled, which only this version can use.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim
ARG DEBIAN_IMAGE=debian:bookworm-slim
# The image that the Envoy project publishes for each platform.
ARG ENVOY_IMAGE=envoyproxy/envoy:v1.40.0

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
COPY scripts/node/package.json scripts/node/
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY scripts scripts
COPY resources resources
COPY src src
RUN npm run build

FROM ${ENVOY_IMAGE} AS envoy

# This setpriv gives Envoy CAP_NET_ADMIN, if the container has it, although the user is not root.
FROM ${DEBIAN_IMAGE} AS setpriv
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends libcap2-bin \
  && rm -rf /var/lib/apt/lists/*
RUN cp /usr/bin/setpriv /usr/local/bin/setpriv \
  && setcap cap_net_admin+ep /usr/local/bin/setpriv

FROM ${DEBIAN_IMAGE}
# Versions are not pinned: a stable Debian only changes packages for security, and its mirror has the latest version only.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates libstdc++6 tini \
  && rm -rf /var/lib/apt/lists/*

# The user below can write to these folders: for sockets that are shared with other containers, and for the access log of
# Envoy's admin. /usr/bin/agent is the path of the Go agent, which existing health checks call.
RUN install -d -o 65534 -g 65534 /run/ecs /run/ecs/relay \
  && chown 65534:65534 /var/log \
  && ln -s ../lib/appnet-agent/agent.mjs /usr/bin/appnet-agent \
  && ln -s appnet-agent /usr/bin/agent

ARG ENVOY_BINARY=/usr/local/bin/envoy
# For the agent's group alone: whoever may run this setpriv gets the capability.
COPY --from=setpriv --chown=0:65534 --chmod=750 /usr/local/bin/setpriv /usr/local/bin/setpriv
COPY --from=envoy --chmod=755 ${ENVOY_BINARY} /usr/bin/envoy
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /src/dist /usr/lib/appnet-agent
COPY LICENSE /usr/share/doc/appnet-agent/LICENSE

# The API is served on a socket, for the health check below and for `docker exec`. The socket is in /tmp, the only folder that
# must be writable: the root file system may be read-only. APPNET_AGENT_ADMIN_UDS_PATH=/var/run/ecs/appnet_admin.sock works too.
# Envoy's admin has no access control, so it listens on loopback only. MALLOC_* make the C library return the agent's unused
# memory; the agent does not pass them on to Envoy.
ENV APPNET_AGENT_ADMIN_MODE=uds \
  APPNET_AGENT_ADMIN_UDS_PATH=/tmp/appnet_admin.sock \
  APPNET_ENVOY_ADMIN_ADDRESS=127.0.0.1 \
  MALLOC_ARENA_MAX=1 \
  MALLOC_MMAP_THRESHOLD_=65536 \
  MALLOC_TRIM_THRESHOLD_=65536

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="appnet-agent" \
  org.opencontainers.image.description="An Envoy sidecar agent: bootstrap, supervision, health, a safe local API and a graceful stop" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"

# By number, so that an orchestrator can tell that it is not root. In Debian it is the user nobody.
USER 65534:65534
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["appnet-agent", "ready", "--timeout", "0"]
# tini reaps the processes that Envoy leaves behind, and passes on signals and exit codes.
ENTRYPOINT ["tini", "--", "appnet-agent"]
CMD ["run"]
