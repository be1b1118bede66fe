# The pages are built with what the service itself never needs.
FROM node:24-slim AS pages
WORKDIR /app
COPY package.json package-lock.json prisma.config.ts ./
COPY prisma ./prisma
RUN npm ci
COPY src/console ./src/console
RUN node src/console/build.ts

FROM node:24-slim

ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
WORKDIR /app

# The install makes the database client, so it needs the schema. Without the development dependencies the image's own
# Node 24 runs the service; TypeScript needs no build.
COPY package.json package-lock.json prisma.config.ts ./
COPY prisma ./prisma
RUN npm ci --omit=dev && npm cache clean --force

COPY src ./src
COPY webhooks ./webhooks
COPY --from=pages /app/.built ./.built
COPY LICENSE README.md ./

# Secrets that are not given as settings are made here: keep it on a volume.
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
EXPOSE 3000 3001

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3000/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

# Not through npm, so that SIGTERM reaches the service itself.
CMD ["node", "src/main.ts"]
