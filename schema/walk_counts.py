"""For which teams a walk counts, and why not."""

import strawberry

from resolvers import goals
from schema.enums import NotCounted
from schema.fields import attribute, field
from schema.goals import Goal
from schema.teams import Team


@strawberry.type(description="A team of a walk's walker, and whether it counts the walk.")
class WalkCount:
    team: Team = attribute("The team.")
    counts: bool = attribute("Whether it is in the team's sums and boards; a private one in sums only.")

    @field(goals.of_walk_count)
    def goal(self) -> Goal | None:
        """The team's goal that counts it."""

    reason: NotCounted | None = attribute("Why the team, or a goal of it, doesn't count it; null if a goal does.")
    message: str | None = attribute("The reason in words; of a rejection the ADMIN's own.")
