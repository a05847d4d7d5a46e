# The server as it runs on Fargate, built on a processor of the kind that it is for. What a first start would make is made
# here, the page of GraphiQL and the lists of places, so the image runs where nothing can be written or fetched. The base is
# Docker's own, from the mirror at AWS: Docker Hub limits pulls by address, and CodeBuild's addresses are everybody's.
FROM public.ecr.aws/docker/library/python:3.14-slim-trixie AS made
RUN apt-get update && apt-get install --yes --no-install-recommends libatomic1
WORKDIR /milequest
# With metrics and traces: --build-arg PACKAGES=telemetry
ARG PACKAGES=runtime
COPY requirements.lock requirements-telemetry.lock requirements-uv.lock ./
COPY app/environment.py app/environment.py
RUN python -I app/environment.py $PACKAGES
COPY app app
COPY bin bin
COPY milequest milequest
COPY resolvers resolvers
COPY schema schema
COPY subscriptions subscriptions
RUN .venv/bin/python -m app.bundle && rm -rf app/graphiql/node_modules app/graphiql/.build
RUN .venv/bin/python -c "import asyncio; from milequest.providers import choose; from milequest.settings import load; asyncio.run(choose(load({})).geocoder.prepare())"
RUN .venv/bin/python -m compileall -q -j 0 .

FROM public.ecr.aws/docker/library/python:3.14-slim-trixie
COPY --from=made /milequest /milequest
WORKDIR /milequest
USER nobody
EXPOSE 8000
CMD ["bin/milequest", "run"]
