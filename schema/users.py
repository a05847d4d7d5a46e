"""Users in the API: the public card, and the viewer's own account."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from milequest.rules.invites import RECEIVED_MAX
from milequest.rules.join_requests import SHOWN_MAX
from resolvers import activities, avatars, invites, join_requests, members, series, sessions, stats
from schema.boards import ActivityStats, Day, Period
from schema.enums import ActivityPrivacy, LeaderboardPeriod, Units
from schema.fields import After, First, arg, attribute, field, idempotency_key, optional
from schema.interfaces import Competitor, Node
from schema.scalars import AWSURL, AWSDateTime, AWSEmail
from schema.series import ActivityDay, FirstDay, LastDay, Streak

if TYPE_CHECKING:
    from schema.activities import ActivityConnection, ActivityFilter
    from schema.invites import InvitePreview
    from schema.join_requests import JoinRequest
    from schema.members import TeamMember
    from schema.sessions import SignInSession


@strawberry.type(description="The public card of a user, and nothing else of them.")
class User(Node, Competitor):
    id: strawberry.ID = attribute("The user's id.")
    name: str = attribute("The name they gave themselves.")
    avatar_url: AWSURL | None = attribute("Their picture.")


@strawberry.type(description="A user's privacy settings.")
class PrivacySettings:
    default_activity_privacy: ActivityPrivacy = attribute("The privacy of walks logged without one.")
    show_on_leaderboards: bool = attribute("Whether others see them on leaderboards.")
    share_stats_with_team: bool = attribute("Whether their share of a goal is shown under their name.")


@strawberry.type(description="A picture that you sent and that was refused.")
class AvatarRefusal:
    upload: str = attribute("Id of the upload, from `createAvatarUpload`.")
    team_id: strawberry.ID | None = attribute("The team it was for; null for your own picture.")
    reason: str = attribute("Reason of the refusal.")
    refused_at: AWSDateTime = attribute("When it was refused.")


@strawberry.type(description="The signed-in user's own account. Private data is here, never on User.")
class Viewer(Node):
    id: strawberry.ID = attribute("The account's id.")
    user: User = attribute("The public card others see.")
    email: AWSEmail = attribute("The address they sign in with.")
    preferred_units: Units = attribute("For the client's formatter; the API speaks metres.")
    timezone: str = attribute("IANA name; sets the local day of walks to come.")
    locale: str | None = attribute("BCP 47 tag for messages.")
    stride_meters: float | None = attribute("Metres a step, for walks logged in steps. 0.3 to 1.5.")
    privacy_settings: PrivacySettings = attribute("Your privacy settings.")
    version: int = attribute("Rises with each change; goes into `expectedVersion`.")

    @field(avatars.refusal)
    def avatar_refusal(self) -> AvatarRefusal | None:
        """The last of your pictures that was refused; null once a later one was accepted."""

    @field(members.of_viewer, bound=20)
    def memberships(self) -> list[Annotated["TeamMember", strawberry.lazy("schema.members")]]:
        """The teams you are in, oldest membership first: at most 20."""

    @field(invites.of_viewer, bound=RECEIVED_MAX)
    def received_invites(self) -> list[Annotated["InvitePreview", strawberry.lazy("schema.invites")]]:
        """Pending invites for your address to teams that you are not in, newest first: at most 50."""

    @field(join_requests.of_viewer, bound=SHOWN_MAX)
    def sent_join_requests(self) -> list[Annotated["JoinRequest", strawberry.lazy("schema.join_requests")]]:
        """Your requests to join teams that you see, answered ones too, newest first: at most 50."""

    @field(sessions.of_viewer, bound=50)
    def sessions(self) -> list[Annotated["SignInSession", strawberry.lazy("schema.sessions")]]:
        """Your sessions that have not ended, the one used last first: at most 50. Empty where another service keeps
        accounts."""

    @field(stats.of_viewer)
    def stats(self, period: Period = LeaderboardPeriod.WEEK, date: Day = strawberry.UNSET) -> ActivityStats:
        """Totals of your own walks, private ones included. Days are those of your time zone; there is no GOAL."""

    @field(series.days_of_viewer, bound=366)
    def days(self, from_: FirstDay = strawberry.UNSET, to: LastDay = strawberry.UNSET) -> list[ActivityDay]:
        """Your days, oldest first, at most 366. Each day of the range is there, one without walks with zeros."""

    @field(series.best_day)
    def best_day(self) -> ActivityDay | None:
        """The day on which you walked furthest, of equal ones the first; null without a counted walk."""

    @field(series.streak_of_viewer)
    def streak(self) -> Streak:
        """Your streak now."""

    @field(activities.of_viewer)
    def activities(
        self,
        first: First = 20,
        after: After = strawberry.UNSET,
        filter: Annotated[
            Annotated["ActivityFilter", strawberry.lazy("schema.activities")] | None, arg("Only some of them.")
        ] = strawberry.UNSET,
    ) -> Annotated["ActivityConnection", strawberry.lazy("schema.activities")] | None:
        """Your own walks, private ones too, newest first."""


@strawberry.input(description="Changes to your account. Absent fields stay; null clears locale and stride.")
class UpdateProfileInput:
    name: str | None = optional("1 to 100 characters.")
    preferred_units: Units | None = optional("For the client's formatter.")
    timezone: str | None = optional("IANA name; walks that were logged keep their days.")
    locale: str | None = optional("BCP 47 tag such as en-GB; null clears it.")
    stride_meters: float | None = optional("0.3 to 1.5 metres a step; null clears it.")
    expected_version: int | None = optional("The version you read; STALE_VERSION if it has changed since.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The changed account.")
class UpdateProfilePayload:
    viewer: Viewer = attribute("The account.")


@strawberry.input(description="Changes to your privacy settings. Absent fields stay.")
class UpdatePrivacySettingsInput:
    default_activity_privacy: ActivityPrivacy | None = optional("The privacy of walks logged without one.")
    show_on_leaderboards: bool | None = optional("Whether others see you on leaderboards.")
    share_stats_with_team: bool | None = optional("Whether your share of a goal is shown under your name.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The changed account.")
class UpdatePrivacySettingsPayload:
    viewer: Viewer = attribute("The account.")
