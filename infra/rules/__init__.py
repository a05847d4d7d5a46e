"""Rules of CloudFormation and the services at a deployment, which neither linters nor a local AWS enforce.

A rule is a function over the templates of an environment that yields findings; its docstring names its source.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from infra.rules import (
    account_rules,
    alarm_rules,
    backup_rules,
    creation_rules,
    message_rules,
    network_rules,
    privacy_rules,
)
from infra.rules.synthesized import Templates

Rule: TypeAlias = Callable[[Templates], Iterator[str]]

RULES: Final[Sequence[Rule]] = (
    creation_rules.target_of_a_proxy_waits_for_the_instances,
    creation_rules.function_in_the_network_may_make_its_interface,
    creation_rules.kept_resource_goes_when_its_creation_fails,
    creation_rules.secondary_cluster_is_not_asked_for_a_writer,
    creation_rules.shifter_may_do_what_a_shift_takes,
    creation_rules.scaled_service_says_no_count,
    message_rules.queue_takes_the_undelivered_of_each_service,
    message_rules.queue_feeds_no_more_places_than_are_reserved,
    alarm_rules.alarm_tells_of_its_end,
    alarm_rules.alarm_tells_somebody,
    alarm_rules.alarm_looks_no_further_back_than_it_may,
    alarm_rules.alarm_watches_what_is_published,
    alarm_rules.alarm_on_lag_ends_with_a_promotion,
    alarm_rules.canary_can_end_a_release,
    network_rules.link_may_send_to_the_balancer,
    network_rules.link_is_used_by_a_health_check,
    network_rules.edge_may_reach_the_balancer,
    network_rules.group_of_origins_is_only_read_from,
    network_rules.endpoint_is_for_our_roles,
    network_rules.subnet_lies_in_a_zone_by_its_id,
    privacy_rules.database_is_asked_who_it_is,
    privacy_rules.database_logs_no_values,
    privacy_rules.firewall_is_logged_without_tokens,
    backup_rules.database_is_backed_up_apart,
    backup_rules.copy_is_kept_as_long_as_its_vault_takes,
    backup_rules.lock_can_be_taken_off_at_first,
    account_rules.pool_sends_mail_by_an_identity_of_ours,
    account_rules.replica_is_of_a_pool_that_can_have_one,
    account_rules.monitor_of_services_is_left_to_the_account,
)


def findings(templates: Templates) -> Iterator[str]:
    """Yield the findings of all rules, each with its rule's name."""
    for rule in RULES:
        for found in rule(templates):
            yield f"{rule.__name__}: {found}"
