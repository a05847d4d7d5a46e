"""GraphQL documents that several tests send."""

AVATAR_REFUSAL = "{ viewer { avatarRefusal { upload teamId reason refusedAt } } }"

AVATAR_FORM = """mutation ($input: CreateAvatarUploadInput!) { createAvatarUpload(input: $input) {
  url fields { name value } maxBytes expiresAt } }"""

DELETE_AVATAR = """mutation ($input: DeleteAvatarInput!) { deleteAvatar(input: $input) {
  viewer { version user { avatarUrl } } team { avatarUrl } } }"""

OWN_AVATAR = "{ viewer { id version user { id avatarUrl } } }"

AVATAR_OF_TEAM = "query ($id: ID!) { team(id: $id) { avatarUrl version } }"

SET_ROLE = "mutation ($input: SetMemberRoleInput!) { setMemberRole(input: $input) { member { id } } }"

NOTES_OF_WALKS = """subscription ($team: ID!) { teamActivityChanged(teamId: $team) {
  delivery sequence change edge { node { id } } } }"""

NAMES_ON_BOARD = """subscription ($team: ID!) { teamLeaderboardUpdated(teamId: $team, period: WEEK, metric: DISTANCE) {
  leaderboard { entries(first: 5) { nodes { value } } } } }"""

WALKS_TO_RESUME = """subscription ($team: ID!, $after: String) { teamActivityChanged(teamId: $team, after: $after) {
    cursor sequence delivery edge { node { id } } } }"""

SIGN_UP = "mutation ($input: SignUpInput!) { signUp(input: $input) { ok attemptId } }"

CONFIRM_EMAIL = "mutation ($input: ConfirmEmailInput!) { confirmEmail(input: $input) { ok } }"

RESEND = "mutation ($input: ResendCodeInput!) { resendCode(input: $input) { ok } }"

SESSION = "session { accessToken accessTokenExpiresAt refreshToken }"

SIGN_IN = f"""mutation ($input: SignInInput!) {{ signIn(input: $input) {{
  {SESSION} viewer {{ email timezone preferredUnits user {{ name }} }} }} }}"""

REFRESH = f"mutation ($input: RefreshTokenInput!) {{ refreshToken(input: $input) {{ {SESSION} }} }}"

SIGN_OUT = "mutation ($input: SignOutInput!) { signOut(input: $input) { ok } }"

ASK_EMAIL_CHANGE = "mutation ($input: RequestEmailChangeInput!) { requestEmailChange(input: $input) { ok requestId } }"

CONFIRM_EMAIL_CHANGE = """mutation ($input: ConfirmEmailChangeInput!) {
  confirmEmailChange(input: $input) { viewer { email user { name } } } }"""

LOG_WALK = "mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { id } } }"

FOUND_TEAM = "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }"

FORGOT = "mutation ($input: ForgotPasswordInput!) { forgotPassword(input: $input) { ok requestId } }"

RESET = "mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { ok } }"

CHANGE_PASSWORD = "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { ok } }"

WHOLE_TEAM = """query ($id: ID!) {
  viewer { id preferredUnits user { id name } memberships { role team { id name } } }
  team(id: $id) {
    id name memberCount viewerRole liveCursor createdAt joinPolicy
    activeGoal { id name endsOn status route { id lengthMeters } progress {
      id totalMeters percent position { lat lng } milestones { id title atMeters } goal { id }
      lastWaypoint { name position { lat } } } }
    week: leaderboard(period: WEEK) {
      id period entries(first: 10) { nodes { rank value competitor { id name } } n: totalCount }
    }
    members(first: 5) { edges { cursor node { ...Member } } pageInfo { hasNextPage endCursor } totalCount }
    activities(first: 5) { nodes { id type distanceMeters localDate user { id name } } }
  }
  node(id: $id) { id ... on Team { name timezone } }
}
fragment Member on TeamMember { id role user { name } }"""

LOG_WHOLE_WALK = """mutation ($input: LogActivityInput!) { logActivity(input: $input) {
  activity { id distanceMeters user { id } } progress { totalMeters goal { name } } warnings { code } } }"""

WALKS_STREAM = """subscription ($team: ID!, $after: String) { teamActivityChanged(teamId: $team, after: $after) {
    cursor delivery edge { node { id notes } } snapshot { id } } }"""

BOARD_STREAM = """subscription ($team: ID!) {
    teamLeaderboardUpdated(teamId: $team, period: ALL_TIME, metric: DISTANCE) {
    leaderboard { entries { nodes { value } } } } }"""

EVENT_HEAD = "cursor sequence delivery occurredAt"

WALKS_LIVE = f"""subscription ($team: ID!, $after: String, $filter: AWSJSON) {{
    teamActivityChanged(teamId: $team, after: $after, filter: $filter) {{ {EVENT_HEAD} teamId change removedId
    edge {{ cursor node {{ id distanceMeters notes user {{ name }} }} }}
    snapshot {{ id memberCount activities(first: 5) {{ edges {{ cursor node {{ id }} }} }} }} }} }}"""

GOALS_LIVE = f"""subscription ($team: ID!, $after: String) {{ teamGoalChanged(teamId: $team, after: $after) {{
    {EVENT_HEAD} goal {{ id status }} team {{ activeGoal {{ id }} }} snapshot {{ activeGoal {{ id }} }} }} }}"""

LIVE_CURSOR = "query ($id: ID!) { team(id: $id) { liveCursor activities { nodes { id } } } }"

WALKS_WITH_NOTES = """subscription ($team: ID!, $after: String) { teamActivityChanged(teamId: $team, after: $after) {
    cursor sequence delivery edge { node { notes } } } }"""

PROGRESS_LIVE = """subscription ($team: ID!) { teamProgressUpdated(teamId: $team) { teamId progress {
    id version totalMeters percent goal { id } } } }"""

OWN_PROGRESS_LIVE = """subscription ($team: ID!) { teamProgressUpdated(teamId: $team) { progress {
    totalMeters viewerContribution { distanceMeters } } } }"""

BOARD_LIVE = """subscription ($team: ID!, $period: LeaderboardPeriod!) {
    teamLeaderboardUpdated(teamId: $team, period: $period, metric: DISTANCE) { teamId period basis leaderboard {
    id version entries { nodes { value competitor { name } } totalCount } } } }"""

TEAMS_LIVE = """subscription { teamsLeaderboardUpdated(period: ALL_TIME, basis: TOTAL) { teamId leaderboard {
    version entries(first: 100) { nodes { value competitor { id } } } } } }"""

PRESENCE_LIVE = """subscription ($team: ID!) { teamPresenceUpdated(teamId: $team) { teamId walkers { name } } }"""

BOARD_NOW = """query ($team: ID!) { team(id: $team) { leaderboard(period: WEEK) {
    id version entries { nodes { value competitor { name } } totalCount } } } }"""

MARKER_LIVE = "subscription ($team: ID!) { teamProgressUpdated(teamId: $team) { progress { totalMeters } } }"
