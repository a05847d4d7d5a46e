"""Entry points: the server, the Lambda handlers, the commands, and the embedded servers that `make run` starts."""
