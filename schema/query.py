"""Queries: one line per root field, naming its resolver."""

from typing import Annotated

import strawberry

from milequest.rules.places import MAX_PLACES
from resolvers import activities, boards, goals, invites, nodes, places, teams, transient_routes, users
from schema.activities import Activity
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


@strawberry.type(description="The questions clients ask.")
class Query:
    @field(nodes.node, *ALL_CALLERS)
    def node(self, id: Id) -> Node | None:
        """Anything by its id; null where missing or hidden."""

    @field(nodes.nodes, *ALL_CALLERS, bound=100)
    def nodes(self, ids: Annotated[list[strawberry.ID], arg("At most 100.")]) -> list[Node | None] | None:
        """At most 100, in the order asked, null where missing or hidden."""

    @field(users.viewer, *ALL_CALLERS)
    def viewer(self) -> Viewer | None:
        """Who is signed in; null for nobody."""

    @field(users.user, *SIGNED_IN)
    def user(self, id: Id) -> User | None:
        """Someone who shares a team with you."""

    @field(teams.team, *ALL_CALLERS)
    def team(self, id: Id) -> Team | None:
        """A team you may see."""

    @field(teams.search_teams, *ALL_CALLERS)
    def search_teams(
        self,
        query: Annotated[str, arg("1 to 100 characters: how a word of the name begins, or something like it.")],
        first: First = 20,
        after: After = strawberry.UNSET,
    ) -> TeamConnection | None:
        """Public teams by their name, what resembles it most first."""

    @field(invites.invite_preview, *ALL_CALLERS)
    def invite_preview(self, code: Annotated[str, arg("What somebody sent you.")]) -> InvitePreview | None:
        """What an invite leads to. Null for a code that is unknown or was revoked, after the same time."""

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
        """The way along these waypoints, without storing it. NO_ROUTE_FOUND with `legIndex` where there is none."""

    @field(places.search_places, *SIGNED_IN, bound=MAX_PLACES)
    def search_places(
        self,
        query: Annotated[str, arg("1 to 256 characters.")],
        near: Annotated[LatLngInput | None, arg("Rather places near this position.")] = strawberry.UNSET,
        country: Annotated[str | None, arg("Only places in this country, ISO 3166-1 alpha-2.")] = strawberry.UNSET,
        first: Annotated[int | None, arg("How many at most, 1 to 10.")] = 5,
    ) -> list[Place] | None:
        """Places by name, best first, at most 10."""

    @field(places.reverse_geocode, *SIGNED_IN)
    def reverse_geocode(self, position: Annotated[LatLngInput, arg("Where to look.")]) -> Place | None:
        """The nearest named place; null where nothing is near."""

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
        """A walk of yours, or a public one of somebody it counts together with for a team of yours."""
