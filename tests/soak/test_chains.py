"""Two hundred chains of forty operations, of which each may use values of earlier answers."""

import os
import random

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from redis import Redis

from tests.service import Service
from tests.soak.borrowed import borrow

EXAMPLES = int(os.environ.get("MQ_CHAINS", "200"))
STEPS = 40
SEED = "MQ_CHAINS_SEED"
MUST_WORK = 25  # root fields of which some call has worked, or the chains are useless


def test_no_chain_of_operations_gets_an_answer_that_is_wrong(service: Service, redis_url: str) -> None:
    borrow("hypothesis-graphql")
    from tests.soak.chains import Chains

    number = int(os.environ.get(SEED, random.randrange(2**32)))
    print(f"again, and as short as it gets: {SEED}={number}")
    phases = (Phase.generate, Phase.shrink) if SEED in os.environ else (Phase.generate,)
    Chains.service, Chains.valkey = service, Redis.from_url(redis_url)
    run = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(number)(Chains), settings=run)
    print(dict(Chains.worked.most_common()))
    assert len(Chains.worked) >= MUST_WORK
