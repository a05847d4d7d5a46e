"""Rate limits: the number of calls allowed to each kind of caller, all in one place."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

MINUTE, HOUR, DAY = 60, 3_600, 86_400


class Per(StrEnum):
    """The unit that a limit counts; the value completes a limit's key."""

    NETWORK = "network"  # see `network`
    ACCOUNT = "account"  # the account of an e-mail address, whoever calls
    USER = "user"  # the signed-in user
    FORM = "form"  # a form for one picture
    CALLER = "caller"  # a user in a network, or a network without a user
    ACCOUNT_HERE = "account+network"  # an account in a network: strangers elsewhere use up none of it
    REQUEST = "request"  # the request of a code: its id, or else an account and the network


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `most` in `seconds`, counted from the first one. `what` completes "Too many …".

    `says` is its sentence in docs/limits.md.
    """

    name: str
    most: int
    seconds: int
    what: str
    per: Per
    says: str

    @property
    def key(self) -> str:
        """Key that distinguishes its windows from those of other limits."""
        return f"{self.name}:{self.per}"


@dataclass(frozen=True, slots=True)
class Memory:
    """A fact about an account and a network that is remembered for `seconds`."""

    key: str
    seconds: int


KNOWN_NETWORKS = Memory("known:account+network", 90 * DAY)  # networks where an account signed in, or proved its mailbox

SIGN_UPS = RateLimit("sign-up", 5, 15 * MINUTE, "sign-ups", Per.NETWORK, "Calls of `signUp`.")
AUTH_CALLS = RateLimit(
    "auth",
    20,
    HOUR,
    "attempts from this network",
    Per.NETWORK,
    "Failed calls of `signIn`, `confirmEmail` and `resetPassword`; all of `resendCode` and `forgotPassword`.",
)
REFRESHES = RateLimit(  # many, as offices share an address
    "refresh", 600, HOUR, "refreshes from this network", Per.NETWORK, "Calls of `refreshToken`."
)
# By user, so that the owner of a stolen account can end its sessions whatever others in the network use up.
SIGN_OUTS = RateLimit(
    "sign-out", 120, HOUR, "sign-outs", Per.USER, "Calls of `signOut` and `endSession` by who is signed in."
)
SIGN_OUTS_HERE = RateLimit(
    "sign-out", 600, HOUR, "sign-outs from this network", Per.NETWORK, "Calls of `signOut` by who is not signed in."
)
SIGN_INS = RateLimit("sign-in", 30, HOUR, "sign-ins", Per.ACCOUNT_HERE, "Calls of `signIn` that succeed.")
FAILED_SIGN_INS = RateLimit(
    "failed-sign-in", 10, 15 * MINUTE, "failed sign-ins", Per.ACCOUNT_HERE, "Failed calls of `signIn`."
)
FAILED_SIGN_INS_ELSEWHERE = RateLimit(
    "failed-sign-in",
    100,
    HOUR,
    "failed sign-ins",
    Per.ACCOUNT,
    "Failed calls of `signIn` from networks where the account has not signed in for 90 days.",
)
CODE_TRIES = RateLimit(
    "code",
    5,
    5 * MINUTE,
    "codes tried",
    Per.REQUEST,
    "Wrong codes in `confirmEmail`, `resetPassword` and `confirmEmailChange`.",
)
CODE_MAILS = RateLimit(
    "mail",
    6,
    HOUR,
    "mails to this address",
    Per.ACCOUNT_HERE,
    "Mails by `signUp`, `resendCode`, `forgotPassword` and to the new address by `requestEmailChange`.",
)
MAILS_OF_ADDRESS = RateLimit(
    "mail",
    20,
    DAY,
    "mails to this address",
    Per.ACCOUNT,
    "The same mails, from networks where the account has not signed in for 90 days.",
)
PASSWORD_CHECKS = RateLimit(
    "password",
    10,
    15 * MINUTE,
    "wrong passwords",
    Per.CALLER,
    "Wrong passwords in `changePassword`, `requestEmailChange` and `deleteAccount`.",
)
PASSWORD_CHECKS_ANYWHERE = RateLimit("password", 100, HOUR, "wrong passwords", Per.USER, "The same from all networks.")
ACCOUNT_CHANGES = RateLimit(
    "account-changes",
    10,
    HOUR,
    "changes of this account",
    Per.USER,
    "Calls of `changePassword`, `requestEmailChange` and `deleteAccount` that succeed.",
)
INVITE_GUESSES = RateLimit(
    "invite", 10, HOUR, "wrong invite codes", Per.CALLER, "Unknown codes in `invitePreview`, `acceptInvite` and others."
)
WALKS_LOGGED = RateLimit(  # a hundred of days without a network, and more beside them
    "walks", 120, HOUR, "walks logged", Per.USER, "Calls of `logActivity`, and items of `logActivities`."
)
PRIVACY_OF_WALKS = RateLimit(
    "walks-privacy", 60, HOUR, "changes of many walks' privacy", Per.USER, "Calls of `setActivitiesPrivacy`."
)
WALK_CHANGES = RateLimit(
    "walk-changes",
    300,
    HOUR,
    "changes of walks",
    Per.USER,
    "Calls of `updateActivity`, `deleteActivity` and `restoreActivity`.",
)
PROFILE_CHANGES = RateLimit(
    "profile",
    60,
    HOUR,
    "changes of the profile",
    Per.USER,
    "Calls of `updateProfile`, `updatePrivacySettings` and `deleteAvatar`.",
)
TEAM_CHANGES = RateLimit(
    "teams", 120, HOUR, "changes of teams", Per.USER, "Calls of `createTeam`, `updateTeam` and `deleteTeam`."
)
MEMBERSHIP_CHANGES = RateLimit(
    "memberships",
    60,
    HOUR,
    "teams joined and left",
    Per.USER,
    "Calls of `joinTeam`, `leaveTeam`, `acceptInvite`, `declineInvite` and `withdrawJoinRequest`.",
)
JOIN_REQUESTS = RateLimit("join-requests", 30, DAY, "requests to join", Per.USER, "Calls of `requestToJoin`.")
MEMBER_CHANGES = RateLimit(  # a team has up to 500 members
    "members",
    600,
    HOUR,
    "changes of members",
    Per.USER,
    "Calls of `setMemberRole`, `transferCaptaincy`, `removeMember`, `liftBan`, `approveJoinRequest` and "
    "`rejectJoinRequest`.",
)
RULINGS = RateLimit(
    "rulings",
    600,
    HOUR,
    "decisions about walks",
    Per.USER,
    "Calls of `rejectActivity`, `approveActivity` and `hideNotes`.",
)
INVITE_CHANGES = RateLimit(
    "invites",
    600,
    HOUR,
    "invites made and revoked",
    Per.USER,
    "Calls of `createInvite`, `rotateInvite` and `revokeInvite`.",
)
INVITE_BATCHES = RateLimit(  # of 50 addresses: as many as one by one
    "invite-batches", 12, HOUR, "batches of invites", Per.USER, "Calls of `createInvites`."
)
INVITE_MAILS = RateLimit(
    "invite-mail", 200, DAY, "mails of invites", Per.USER, "Mails of invites by one user; further ones get no mail."
)
INVITE_MAILS_OF_ADDRESS = RateLimit(
    "invite-mail", 5, DAY, "mails to this address", Per.ACCOUNT, "Mails of invites to one address, whoever invites."
)
GOAL_CHANGES = RateLimit(
    "goals",
    120,
    HOUR,
    "changes of goals",
    Per.USER,
    "Calls of `createGoal`, `updateGoal`, `deleteGoal`, `activateGoal` and `cancelGoal`.",
)
PRESENCE = RateLimit(  # one a minute for each of 20 teams, twice
    "presence", 2_400, HOUR, "signs of presence", Per.USER, "Calls of `setPresence`."
)
TEAMS_SEARCHED = RateLimit(  # one per letter typed
    "search", 1_200, HOUR, "searches for teams", Per.CALLER, "Calls of `searchTeams`, signed in or not."
)
AVATARS = RateLimit("avatars", 30, HOUR, "pictures", Per.USER, "Calls of `createAvatarUpload`.")
FORMS_SENT = RateLimit(  # while a form is valid
    "avatar",
    1,
    10 * MINUTE,
    "uses of this form",
    Per.FORM,
    "Pictures that are sent with one form of `createAvatarUpload`.",
)
ROUTES_PLANNED = RateLimit(  # each calls a service once per leg
    "routes", 300, HOUR, "routes planned", Per.USER, "`previewRoute`, and goals with new `waypoints`."
)
PLACES_SEARCHED = RateLimit(  # one per letter typed
    "places", 1_200, HOUR, "searches for places", Per.USER, "`searchPlaces` and `reverseGeocode`."
)


def all_limits() -> list[RateLimit]:
    """Return every limit above, in this order: the table of docs/limits.md."""
    return [value for value in globals().values() if isinstance(value, RateLimit)]


@lru_cache(maxsize=10_000)  # reading an address takes longer than counting it
def network(address: str) -> str:
    """Return what an IP address counts as: itself, or an IPv6 customer's /64. All else is one single network."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped) if ip.ipv4_mapped else f"{ip.exploded[:19]}::/64"
    return str(ip)
