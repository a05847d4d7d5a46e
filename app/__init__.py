"""What you start: the server, the Lambda entries, the commands, and the embedded servers of the one-command start."""
