"""The gateway for API Gateway's WebSockets: a function per message, connections and subscriptions as rows.

    $connect, $disconnect   doors.py      a row comes and goes; knows no GraphQL
    $default                messages.py   a protocol's step; a subscription is stored, and its beginning queued
    queue `news`            planner.py    what a group's beginnings and wake-ups have to tell: renders, hands on
    queue `posts`           poster.py     sends to the sockets, each one's messages in their order
    queue `later`           later.py      what is to go into one of those queues in some seconds
    after each commit       relay.py      wakes the groups whose logs have grown
    every minute            rounds.py     signs of life, who may no longer listen, what got lost

A group is all who listen to one log or one state, by shard. Its messages are worked on one at a time, so a subscription
that begins needs no lock against the news: what it is told first, and where it goes on, is decided between two
wake-ups.
"""
