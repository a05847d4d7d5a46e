// A team's page and the three subscriptions that keep it: the documents of the API's own example.
const BOARD = `fragment BoardRows on Leaderboard {
  id version period windowEndsOn isFinal
  entries(first: 10) { nodes { rank value activityCount competitor { id name avatarUrl } } totalCount }
}`;
const MARKER = `fragment Marker on GoalProgress {
  id version totalMeters percent remainingMeters position { lat lng } lineFraction legIndex legFraction
  nextWaypoint { name } metersToNextWaypoint
}`;
const WALK = `fragment Walk on Activity {
  id type distanceMeters durationSeconds localDate notes user { id name avatarUrl }
}`;

export const PAGE = `query TeamPage($id: ID!) {
  team(id: $id) {
    id name memberCount liveCursor
    activeGoal { id name endsOn status progress { ...Marker unattributedMeters milestones { id title reachedAt } } }
    leaderboard(period: WEEK) { ...BoardRows viewerStanding { trueValue } }
    members(first: 20) { nodes { id role user { id name avatarUrl } } }
    activities(first: 20) { edges { cursor node { ...Walk } } pageInfo { hasNextPage endCursor } }
  }
} ${BOARD} ${MARKER} ${WALK}`;

export const MARKER_LIVE = `subscription MarkerLive($teamId: ID!) {
  teamProgressUpdated(teamId: $teamId) { teamId progress { ...Marker } }
} ${MARKER}`;

export const BOARD_LIVE = `subscription BoardLive($teamId: ID!) {
  teamLeaderboardUpdated(teamId: $teamId, period: WEEK, metric: DISTANCE) { leaderboard { ...BoardRows } }
} ${BOARD}`;

export const WALKS_LIVE = `subscription WalksLive($teamId: ID!, $after: String) {
  teamActivityChanged(teamId: $teamId, after: $after) {
    cursor sequence delivery change removedId edge { cursor node { ...Walk } }
    snapshot { id activities(first: 20) { edges { cursor node { ...Walk } } pageInfo { hasNextPage endCursor } } }
  }
} ${WALK}`;

// What a team-mate does meanwhile, over HTTP.
export const LOG = 'mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { id } } }';
export const UPDATE = 'mutation ($input: UpdateActivityInput!) { updateActivity(input: $input) { activity { id } } }';
export const DELETE = 'mutation ($input: DeleteActivityInput!) { deleteActivity(input: $input) { deletedActivityId } }';
