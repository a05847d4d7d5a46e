"""Lambda handlers, one file for functions that are alike. Thin: each opens its resources once and passes events on.

api.py               the REST API: `/graphql` and related paths, through the ASGI application's own endpoints
domains.py           `POST /v1/<domain>/<function>`: persisted documents; the same functions are AppSync's data sources
token_authorizer.py  the authorizer of both APIs
callers.py           callers that AWS has already authenticated
socket_lifecycle.py  `$connect` and `$disconnect` of the WebSocket API
live.py              `$default`, and the functions behind the queues of live delivery and of every minute
jobs.py              scheduled jobs
probe.py             a client of ours, at the public address
pictures.py          uploads in S3: scanned, then published
lake.py              events, to the data lake
rotation.py          a new password of the database's master
response_size.py     the size limit of answers
migrations.py        the database's schema, before new code is called
"""
