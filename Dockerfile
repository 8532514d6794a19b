# One image for every role: the command says which. Built from source, run without root, without development packages.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci --ignore-scripts --no-audit --no-fund \
  && npm run build \
  && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf .git bench test docs spec/vectors

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build --chown=root:root /app /app
# A new volume takes its owner from the image.
RUN mkdir /data /buckets && chown node:node /data /buckets
USER node
VOLUME /data
ENTRYPOINT ["node"]
CMD ["cli/bin/showcause.js", "--help"]
