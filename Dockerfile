# Serves the prompts of a repository. Mount the repository, or a bare clone of it, at /srv/prompts:
#   docker build -t promptctl .
#   docker run -p 4180:4180 -v /srv/prompts:/srv/prompts -v ./tokens.txt:/etc/promptctl/tokens.txt:ro promptctl

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Without the build, which needs the sources.
RUN npm ci --ignore-scripts
COPY . .
RUN node build/build.mjs

FROM node:24-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
 && rm -rf /var/lib/apt/lists/*
# Nobody else's repository is opened: say so for the one that is mounted, whoever owns it.
RUN git config --system --add safe.directory /srv/prompts
COPY --from=build /build/package.json /opt/promptctl/
COPY --from=build /build/bin /opt/promptctl/bin
COPY --from=build /build/dist /opt/promptctl/dist
COPY --from=build /build/schemas /opt/promptctl/schemas
RUN ln -s /opt/promptctl/bin/promptctl.js /usr/local/bin/promptctl
USER node
WORKDIR /srv/prompts
ENV NODE_ENV=production PROMPTCTL_TOKENS_FILE=/etc/promptctl/tokens.txt
EXPOSE 4180
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4180/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1 and answers SIGTERM itself.
ENTRYPOINT ["promptctl"]
CMD ["serve", "--host", "0.0.0.0"]
