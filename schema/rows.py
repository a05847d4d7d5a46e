"""Row classes of GraphQL types. A test checks every field without a resolver against them."""

from milequest.actions.teams import TeamDeleted
from milequest.providers import identity
from milequest.rules import avatars as forms
from milequest.rules import geo, places, sessions
from milequest.rules.errors import Problem
from milequest.rules.pages import Page, PageInfo
from milequest.store.sql import activities as stored_activities
from milequest.store.sql import (
    bans,
    boards,
    goals,
    invites,
    members,
    milestones,
    progress,
    rankings,
    refusals,
    routes,
    stats,
    teams,
    users,
)
from resolvers import accounts, activities, avatars, live, passwords, presence, team_events, transient_routes
from resolvers import goals as goal_payloads
from resolvers import invites as invite_payloads
from resolvers import members as member_payloads
from resolvers import routes as route_shapes
from resolvers import sessions as session_payloads
from resolvers import teams as team_payloads
from resolvers import users as user_payloads

ROW_OF_TYPE: dict[str, type] = {
    "AcceptInvitePayload": member_payloads.MembershipPayload,
    "ActivateGoalPayload": goal_payloads.GoalStatusPayload,
    "Activity": stored_activities.Activity,
    "ActivityStats": stats.ActivityStats,
    "AvatarRefusal": refusals.AvatarRefusal,
    "Bounds": geo.Bounds,
    "ChangePasswordPayload": accounts.Done,
    "ConfirmEmailChangePayload": passwords.EmailChanged,
    "ForgotPasswordPayload": passwords.Requested,
    "RequestEmailChangePayload": passwords.Requested,
    "ResetPasswordPayload": accounts.Done,
    "CancelGoalPayload": goal_payloads.GoalStatusPayload,
    "ActivityConnection": Page,
    "LeaderboardUpdate": live.LeaderboardUpdate,
    "SetPresencePayload": presence.SetPresencePayload,
    "TeamActivityEvent": team_events.TeamActivityEvent,
    "TeamGoalEvent": team_events.TeamGoalEvent,
    "TeamMemberEvent": team_events.TeamMemberEvent,
    "TeamMilestoneEvent": team_events.TeamMilestoneEvent,
    "TeamPresenceUpdate": live.TeamPresenceUpdate,
    "TeamProgressUpdate": live.TeamProgressUpdate,
    "TeamUpdate": live.TeamUpdate,
    "ConfirmEmailPayload": accounts.Done,
    "Contribution": progress.Contribution,
    "CreateAvatarUploadPayload": avatars.CreateAvatarUploadPayload,
    "CreateGoalPayload": goal_payloads.CreateGoalPayload,
    "CreateInvitePayload": invite_payloads.CreateInvitePayload,
    "CreateTeamPayload": team_payloads.CreateTeamPayload,
    "DeclineInvitePayload": invite_payloads.DeclineInvitePayload,
    "DeleteAvatarPayload": avatars.DeleteAvatarPayload,
    "DeleteActivityPayload": activities.DeleteActivityPayload,
    "DeleteGoalPayload": goal_payloads.DeleteGoalPayload,
    "EndSessionPayload": session_payloads.EndSessionResult,
    "DeleteTeamPayload": TeamDeleted,
    "FormField": forms.FormField,
    "Goal": goals.Goal,
    "GoalConnection": Page,
    "GoalProgress": progress.GoalProgress,
    "Invite": invites.Invite,
    "InviteConnection": Page,
    "InvitePreview": invites.InvitePreview,
    "JoinTeamPayload": member_payloads.MembershipPayload,
    "LatLng": geo.LatLng,
    "Leaderboard": boards.Leaderboard,
    "LeaderboardEntry": rankings.LeaderboardEntry,
    "LeaveTeamPayload": member_payloads.LeaveTeamPayload,
    "LiftBanPayload": member_payloads.LiftBanPayload,
    "LogActivityPayload": activities.LogActivityPayload,
    "Milestone": milestones.Milestone,
    "PageInfo": PageInfo,
    "Place": places.Place,
    "PrivacySettings": users.PrivacySettings,
    "Problem": Problem,
    "RefreshTokenPayload": accounts.RefreshResult,
    "RemoveMemberPayload": member_payloads.RemoveMemberPayload,
    "ResendCodePayload": accounts.Done,
    "RevokeInvitePayload": invite_payloads.RevokeInvitePayload,
    "Route": routes.RouteRow,
    "RouteLeg": route_shapes.RouteLeg,
    "RoutePreview": transient_routes.RoutePreview,
    "RouteTemplate": transient_routes.RouteTemplate,
    "RouteTemplateConnection": Page,
    "Session": identity.Session,
    "SetMemberRolePayload": member_payloads.SetMemberRolePayload,
    "SignInSession": sessions.ActiveSession,
    "SignInPayload": accounts.SignInResult,
    "SignOutPayload": accounts.Done,
    "SignUpPayload": accounts.SignUpResult,
    "Standing": rankings.RankedPosition,
    "Team": teams.Team,
    "TeamBan": bans.TeamBan,
    "TeamBanConnection": Page,
    "TeamConnection": Page,
    "TeamMember": members.TeamMember,
    "TeamMemberConnection": Page,
    "UpdateActivityPayload": activities.UpdateActivityPayload,
    "UpdateGoalPayload": goal_payloads.UpdateGoalPayload,
    "UpdatePrivacySettingsPayload": user_payloads.ViewerPayload,
    "UpdateProfilePayload": user_payloads.ViewerPayload,
    "UpdateTeamPayload": team_payloads.UpdateTeamPayload,
    "User": users.User,
    "Viewer": users.Profile,
    "Waypoint": routes.WaypointRow,
}
TYPE_OF_ROW: dict[type, str] = {row: name for name, row in ROW_OF_TYPE.items()}
