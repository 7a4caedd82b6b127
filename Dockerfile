# Debian slim, not Alpine: the native parts of the dependencies are published for glibc, and it is what the tests run on.
FROM node:22.21.1-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY scripts ./scripts
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22.21.1-bookworm-slim
# /data is the folder of the embedded queue: mount a volume there, or set QUEUE_URL to Redis or PostgreSQL.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 QUEUE_URL=/data
WORKDIR /app
# Group 0, which a user id without an entry in /etc/passwd gets: `docker run --user 12345`, OpenShift.
RUN mkdir /data && chown node:0 /data && chmod 0770 /data
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY public ./public
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["start"]
