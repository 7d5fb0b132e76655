# syntax=docker/dockerfile:1

# Deno comes from its npm package, as in the README's command: one pinned version, checked by npm's
# integrity hashes, for x64 and arm64 alike.
FROM node:22-bookworm-slim AS build
ARG DENO_VERSION=2.9.6
WORKDIR /opt/deno
RUN npm install --no-audit --no-fund "deno@${DENO_VERSION}" \
  && install -m 0755 node_modules/@deno/linux-*-glibc/deno /usr/local/bin/deno
WORKDIR /app
ENV DENO_DIR=/deno-dir DENO_NO_UPDATE_CHECK=1
COPY . .
# Everything that a start would fetch or build is in the image, so it starts without a network and
# writes nothing but its data.
RUN deno cache --frozen main.ts pixel.ts lib/monitoring/backup_worker.ts \
    lib/ai/embedded/training_worker.ts \
  && deno task build \
  && chmod -R a+rX /app /deno-dir

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin pixel \
  && install -d -o pixel -g pixel -m 0700 /data
COPY --from=build /usr/local/bin/deno /usr/local/bin/deno
COPY --from=build /deno-dir /deno-dir
COPY --from=build /app /app
WORKDIR /app
ENV DENO_DIR=/deno-dir \
  DENO_NO_UPDATE_CHECK=1 \
  DATA_DIR=/data \
  HOST=0.0.0.0 \
  PORT=8002 \
  LOG_FORMAT=json
USER pixel
VOLUME /data
EXPOSE 8002
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["deno", "eval", "--no-config", "--no-lock", \
  "const port = Deno.env.get('PORT'); const signal = AbortSignal.timeout(4000); const { ok } = await fetch(`http://127.0.0.1:${port}/healthz`, { signal }); Deno.exit(ok ? 0 : 1);"]
ENTRYPOINT ["deno", "run", "--cached-only", "--no-prompt", "--allow-net", "--allow-env", \
  "--allow-read=/app,/data,/deno-dir", "--allow-write=/data", \
  "--allow-sys=systemMemoryInfo,loadavg,cpus,osUptime,statfs", "main.ts"]
