"""The gateway for API Gateway's WebSockets: one function call per message, connections and subscriptions as rows.

    $connect, $disconnect   lifecycle.py     add and remove a connection's row; independent of GraphQL
    $default                messages.py      a protocol's step; store a subscription and queue its start
    queue `news`            fanout.py        render what a group's subscribers are to be sent, queue it as messages
    queue `posts`           sender.py        send to the sockets, in order for each connection
    queue `later`           delay_queue.py   put delayed messages into one of those queues
    after each commit       relay.py         wake the groups whose logs have grown
    every minute            sweeper.py       time-outs, keep-alives, expired access, lost messages

A group is the subscribers of one log or one state, by shard. Its messages are handled one at a time, so a new
subscription needs no lock against events: its first event, and where it continues, are determined between two
wake-ups.
"""
