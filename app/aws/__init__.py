"""What Lambda calls, one file for functions that are alike. Thin: each opens what it needs once, and hands events on.

api.py           the REST API: `/graphql` and its like, through the ASGI application's own endpoints
domains.py       `POST /v1/<domain>/<function>`: persisted documents; the same functions are AppSync's data sources
authorizer.py    who may call either API
callers.py       who calls, where AWS has found that out before us
doors.py         `$connect` and `$disconnect` of the WebSocket API
live.py          `$default`, and what works behind the queues of live news and every minute
jobs.py          what is due at times
pictures.py      what has come into S3: looked at, and shown
lake.py          what happened, to the data lake
rotation.py      a new password of the database's master
answers.py       how large an answer may be
migrations.py    the database's schema, before new code is called
"""
