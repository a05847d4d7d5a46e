"""Entry points: the server, the Lambda handlers, the commands, and the embedded servers of the one-command start."""
