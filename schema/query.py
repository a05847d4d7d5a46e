"""Queries: one line per root field, naming its resolver."""

from typing import Annotated

import strawberry

from milequest.rules.places import MAX_PLACES
from resolvers import activities, boards, estimates, goals, invites, nodes, places, teams, transient_routes, users
from schema.activities import Activity, DistanceEstimate
from schema.boards import Basis, Day, Leaderboard, Period
from schema.directives import ALL_CALLERS, IDENTIFIED, SIGNED_IN
from schema.enums import LeaderboardBasis, LeaderboardPeriod
from schema.fields import After, First, Id, arg, field
from schema.goals import Goal
from schema.interfaces import Node
from schema.invites import InvitePreview
from schema.places import LatLngInput, Place
from schema.routes import RoutePreview, RouteTemplateConnection, WaypointInput
from schema.teams import Team, TeamConnection
from schema.users import User, Viewer


@strawberry.type(description="Operations that read data.")
class Query:
    @field(nodes.node, *ALL_CALLERS)
    def node(self, id: Id) -> Node | None:
        """Any object by its id; null if missing or hidden."""

    @field(nodes.nodes, *ALL_CALLERS, bound=100)
    def nodes(self, ids: Annotated[list[strawberry.ID], arg("At most 100.")]) -> list[Node | None] | None:
        """Objects by their ids, in the order asked, at most 100; null where missing or hidden."""

    @field(users.viewer, *ALL_CALLERS)
    def viewer(self) -> Viewer | None:
        """The signed-in user's account; null for anonymous callers."""

    @field(users.user, *SIGNED_IN)
    def user(self, id: Id) -> User | None:
        """A user who shares a team with you."""

    @field(teams.team, *ALL_CALLERS)
    def team(self, id: Id) -> Team | None:
        """A team that is visible to you."""

    @field(teams.search_teams, *ALL_CALLERS)
    def search_teams(
        self,
        query: Annotated[str, arg("1 to 100 characters: the beginning of a word of the name, or similar text.")],
        first: First = 20,
        after: After = strawberry.UNSET,
    ) -> TeamConnection | None:
        """Public teams by name, best match first."""

    @field(invites.invite_preview, *ALL_CALLERS)
    def invite_preview(self, code: Annotated[str, arg("The invite's code.")]) -> InvitePreview | None:
        """Preview of an invite. Null for an unknown or revoked code, after the same time."""

    @field(goals.goal, *SIGNED_IN)
    def goal(self, id: Id) -> Goal | None:
        """A goal of a team of yours, or one of a public team that is no draft."""

    @field(transient_routes.route_templates, *ALL_CALLERS)
    def route_templates(self, first: First = 10, after: After = strawberry.UNSET) -> RouteTemplateConnection | None:
        """Famous walks to choose from, by name."""

    @field(transient_routes.preview_route, *SIGNED_IN)
    def preview_route(
        self, waypoints: Annotated[list[WaypointInput], arg("2 to 25 places in order.")]
    ) -> RoutePreview | None:
        """A route along these waypoints, which is not stored. NO_ROUTE_FOUND with `legIndex` if there is none."""

    @field(places.search_places, *SIGNED_IN, bound=MAX_PLACES)
    def search_places(
        self,
        query: Annotated[str, arg("1 to 256 characters.")],
        near: Annotated[LatLngInput | None, arg("Prefer places near this position.")] = strawberry.UNSET,
        country: Annotated[str | None, arg("Only places in this country, ISO 3166-1 alpha-2.")] = strawberry.UNSET,
        first: Annotated[int | None, arg("Page size, 1 to 10.")] = 5,
    ) -> list[Place] | None:
        """Places by name, best first, at most 10."""

    @field(places.reverse_geocode, *SIGNED_IN)
    def reverse_geocode(self, position: Annotated[LatLngInput, arg("The position.")]) -> Place | None:
        """The nearest named place; null if none is near."""

    @field(boards.of_teams, *IDENTIFIED)
    def teams_leaderboard(
        self,
        period: Period = LeaderboardPeriod.WEEK,
        basis: Basis = LeaderboardBasis.TOTAL,
        date: Day = strawberry.UNSET,
    ) -> Leaderboard | None:
        """The board of public teams, by days of UTC. Their average is shown from three active members on."""

    @field(activities.activity, *SIGNED_IN)
    def activity(self, id: Id) -> Activity | None:
        """A walk of yours, or a public walk of a team-mate that counts for a team of yours."""

    @field(estimates.of_steps, *SIGNED_IN)
    def estimate_distance(
        self,
        steps: Annotated[int, arg("1 to 300,000.")],
        stride_meters: Annotated[float | None, arg("0.3 to 1.5 metres a step; yours without it.")] = strawberry.UNSET,
    ) -> DistanceEstimate | None:
        """The distance that `logActivity` would take for steps without `distanceMeters`."""
