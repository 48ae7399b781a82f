# Build: compile TypeScript, then keep only what runs.
FROM node:22-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY server server
COPY auth auth
COPY resources resources
COPY commands commands
COPY seeds seeds
# What is compiled here needs no compiler later: `npm run reset-root`, `migrate` and `seed` work in the image too.
RUN npm run build && npm prune --omit=dev && npm pkg set scripts.build=true

# Run: no compiler, no sources, no root.
FROM node:22-bookworm-slim
# Each of SQLite's threads would keep memory of its own (docs/performance.md).
ENV MALLOC_ARENA_MAX=2
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8081 DATABASE_URL=sqlite:/data/ward.db
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/resources/fhir/r4 resources/fhir/r4
COPY --from=build /app/seeds seeds
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# A stop answers what is under way, for 100 seconds at the most: `docker stop -t 100` (docs/nodes.md).
CMD ["node", "--max-semi-space-size=8", "dist/server/main.js"]
