"""A walker's days and streaks in the API."""

from typing import Annotated

import strawberry

from schema.fields import attribute
from schema.scalars import AWSDate

FirstDay = Annotated[
    AWSDate | None,
    strawberry.argument(name="from", description="The first day; without it thirty days up to `to`."),
]
LastDay = Annotated[
    AWSDate | None,
    strawberry.argument(description="The last day, at most 365 after the first; today in your zone without it."),
]


@strawberry.type(description="The sums of a local day: counted walks, private ones included.")
class ActivityDay:
    local_date: AWSDate = attribute("The day, that of the walks' own zones.")
    distance_meters: float = attribute("Metres.")
    duration_seconds: int = attribute("Seconds.")
    steps: int = attribute("Steps, where they were counted.")
    activity_count: int = attribute("Walks.")


@strawberry.type(description="Runs of local days with a counted walk, private ones included.")
class Streak:
    current_days: int = attribute(
        "Walked days of the run that ended today or yesterday in your zone; 0 after a whole day without a walk. A day "
        "of which a journey to the east left half or less is skipped, and not counted."
    )
    current_starts_on: AWSDate | None = attribute("Its first day; null without one.")
    longest_days: int = attribute("Walked days of the longest run so far.")
    longest_starts_on: AWSDate | None = attribute("Its first day.")
    longest_ends_on: AWSDate | None = attribute("Its last day.")
    has_walked_today: bool = attribute("Whether today is one of the walked days.")
