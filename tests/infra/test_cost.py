"""`make cost`: AWS's published examples, every type of the templates, and the model's own sense."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.analysis.cost.alternatives import MEMORY, WAYS, switch
from infra.analysis.cost.coefficients import ASSUMED, CPU_MS, FUNCTIONS, LEAN
from infra.analysis.cost.cost_report import floor, report, taken
from infra.analysis.cost.free import FREE
from infra.analysis.cost.prices import Price, prices, total
from infra.analysis.cost.resources import PRICED, PricedStack, UnpricedError, lines
from infra.analysis.cost.usage_profile import BUCKETS, SHARDS, Usage
from milequest.settings import PROJECT
from subscriptions.apigateway import table_rows
from tests.infra.assembly import Assembly

DIAGRAMS = (PROJECT / "docs" / "diagrams.md").read_text()


# --- examples of AWS and others


def test_the_example_of_rest_apis_comes_out() -> None:
    """Five million calls with answers of 3 KB: 17.50 for the calls, and 1.29 for 14.3 GB that are sent."""
    assert prices()["api-gateway.rest"].of(5) == pytest.approx(17.50)
    assert (5e6 * 3 / 1024**2) * prices()["transfer.out"].tiers[0][1] == pytest.approx(1.29, abs=0.005)


def test_a_message_of_33_kb_is_two() -> None:
    """Messages are metered by 32 KB; ours are far smaller, so each is one."""
    assert Usage(1).messages == 1 * 30 * 5 + 300 / 8


def test_the_example_of_lambda_comes_out() -> None:
    """512 MB, three million calls of a second: 18.34 and 0.40, with the free part taken off."""
    old = Price("lambda", "GB-second", ((None, 0.00001667),), "2018", free=400_000)
    assert old.of(3e6 * 0.5) == pytest.approx(18.34, abs=0.005)
    assert prices()["lambda.requests"].of(3) == pytest.approx(0.40)


def test_the_example_of_cognito_comes_out() -> None:
    """A hundred thousand people on Essentials: ten thousand are free."""
    assert prices()["cognito.user"].of(100_000) == pytest.approx(90_000 * 0.015)


def test_the_example_of_the_firewall_comes_out() -> None:
    """Ten rules and fifty million requests are 45 dollars."""
    assert total({"waf.acl": 1, "waf.rule": 10, "waf.requests": 50}) == pytest.approx(45)


def test_the_example_of_nat_comes_out() -> None:
    """A month of 720 hours with a hundred GB: 32.40 and 4.50."""
    assert total({"nat.hours": 720, "nat.gb": 100}) == pytest.approx(36.90)


def test_the_example_of_dynamodb_comes_out() -> None:
    """0.65 million writes of a KB."""
    assert prices()["dynamodb.writes"].of(0.65) == pytest.approx(0.41, abs=0.005)


def test_the_proxys_least_comes_out() -> None:
    """Eight ACUs, all month: 86 dollars for 30 days."""
    assert total({"rds.proxy": 8 * 24 * 30}) == pytest.approx(86.4)


def test_appsync_has_two_meters() -> None:
    """A million updates to sockets that are open for a million minutes."""
    assert total({"appsync.updates": 1, "appsync.minutes": 1}) == pytest.approx(2.08)


# --- tiers

TIERS = Price("x", "y", ((10, 3.0), (30, 2.0), (None, 1.0)), "today", free=5)


@pytest.mark.parametrize(
    ("quantity", "cost"), [(0, 0), (5, 0), (6, 3), (15, 30), (16, 32), (35, 70), (36, 71), (135, 170)]
)
def test_each_tier_has_its_part(quantity: float, cost: float) -> None:
    assert TIERS.of(quantity) == pytest.approx(cost)


@given(st.sampled_from(sorted(prices())), st.floats(0, 1e12), st.floats(0, 1e12))
def test_more_costs_more_and_each_next_no_more_than_the_first(sku: str, one: float, other: float) -> None:
    price = prices()[sku]
    assert price.of(one) <= price.of(one + other) * (1 + 1e-9)
    assert price.of(one + other) <= (one + other) * price.tiers[0][1] * (1 + 1e-9)


# --- the list of prices


def test_a_price_says_where_it_is_from_or_that_nobody_knows() -> None:
    for price in prices().values():
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", price.read), price
        assert price.source is None or "." in price.source, price
        assert [reach for reach, _ in price.tiers][-1] is None, price
        assert "memory" not in (price.source or "")


def test_prices_drawn_in_the_diagrams_are_quoted_verbatim() -> None:
    drawn = [price.drawn for price in prices().values() if price.drawn]
    assert len(drawn) == 10
    assert [text for text in drawn if text not in DIAGRAMS] == []


def test_every_price_is_used(assembly: Assembly) -> None:
    deployed = set(taken(assembly.folder, Usage(1_000_000))) | set(taken(assembly.folder, Usage(1), "starter"))
    used = deployed | {sku for way in WAYS.values() for sku in way(Usage(1))}
    assert used == set(prices())


# --- the templates


def test_every_type_is_priced_or_free(assembly: Assembly, variants: Path) -> None:
    """Of all that an operator may have made, also what none of the environments has by itself."""
    made = (assembly, *(Assembly(folder) for folder in variants.iterdir() if folder.is_dir()))
    there = {resource.type for templates in made for resource in templates.resources()}
    said = [*PRICED, *FREE]
    assert there - set(said) == set()
    assert set(said) - there == set(), "nothing of it is in the templates any more"
    assert len(said) == len(set(said)), "priced and free"
    assert all(reason for reason in FREE.values())


def test_a_type_that_nobody_priced_is_an_error() -> None:
    stack = PricedStack("new", {"One": {"Type": "AWS::MSK::Cluster"}}, Usage(1))
    with pytest.raises(UnpricedError, match="AWS::MSK::Cluster of new"):
        list(lines(stack))


def test_every_function_has_its_coefficient_and_no_other(assembly: Assembly) -> None:
    functions = [one for one in assembly.resources("AWS::Lambda::Function") if one.environment == "production"]
    names = {str(one.properties["FunctionName"]).split("-", 2)[2]: one.properties["MemorySize"] for one in functions}
    assert set(FUNCTIONS) == set(names)
    assert set(names) <= set(Usage(1).calls())
    assert {name: names[name] for name in MEMORY} == MEMORY
    assert all(one.source.startswith((ASSUMED, "tests/")) for one in FUNCTIONS.values())
    measured = {function: names[function] for _, function in CPU_MS}
    assert measured == {name: 512 if name in LEAN else 1_769 for name in measured}, "which a core's share follows"


def test_the_gateways_partitions_are_the_gateways() -> None:
    assert (table_rows.SHARDS, table_rows.BUCKETS) == (SHARDS, BUCKETS)


def test_a_region_that_stands_by_costs_what_stands_there(assembly: Assembly) -> None:
    nobody, many = taken(assembly.folder, Usage(0)), taken(assembly.folder, Usage(1_000_000))
    assert nobody["nat.hours"] == many["nat.hours"] == (3 + 2) * 730
    assert many["api-gateway.rest"] == 400


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_more_people_cost_more(assembly: Assembly, environment: str) -> None:
    costs = [total(taken(assembly.folder, Usage(people), environment)) for people in (0, 1_000, 100_000, 1_000_000)]
    assert costs == sorted(costs)
    assert costs[0] == floor(assembly.folder, environment) > 100


def test_monthly_floor_in_the_docs_is_what_the_model_computes(assembly: Assembly) -> None:
    """docs/aws.md states the cost without usage, to ten dollars."""
    (told,) = re.findall(r"about \$(\d+) a month", (PROJECT / "docs" / "aws.md").read_text())
    assert floor(assembly.folder) == pytest.approx(int(told), abs=10)


# --- the ways


@pytest.mark.parametrize(("dear", "cheap"), [("API Gateway", "Fargate"), ("AppSync", "Fargate")])
def test_a_switch_point_is_where_it_turns(dear: str, cheap: str) -> None:
    people = switch(WAYS[cheap], WAYS[dear])
    assert people is not None
    before, after = Usage(int(people * 0.9)), Usage(int(people * 1.1))
    assert total(WAYS[dear](before)) < total(WAYS[cheap](before))
    assert total(WAYS[dear](after)) > total(WAYS[cheap](after))


def test_switch_point_of_costs_that_never_cross_is_none() -> None:
    assert switch(WAYS["API Gateway"], WAYS["Fargate"]) is None


def test_cost_report_has_every_section(assembly: Assembly) -> None:
    text = report(assembly.folder)
    for said in ("1,000,000", "AppSync", "twice the walks", "more than Fargate", "No source"):
        assert said in text
