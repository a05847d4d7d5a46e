// The tabs of the first visit. The documents are files of their own: the README and the tests use the same ones.
import myTeams from './examples/my-teams.graphql';
import teamPage from './examples/team-page.graphql';
import logWalk from './examples/log-walk.graphql';
import markerLive from './examples/marker-live.graphql';
import createTeam from './examples/create-team.graphql';
import createGoal from './examples/create-goal.graphql';

const TEAM_ID = 'PASTE_A_TEAM_ID';
const tab = (query, variables) => ({ query, variables: variables && JSON.stringify(variables, null, 2) });

/** Written anew for each visitor: a walk of now, a team name not taken yet, a goal from their today on. */
export function exampleTabs(now = Date.now()) {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const walk = {
    distanceMeters: 349.966,
    durationSeconds: 240,
    startedAt: new Date(now).toISOString(), // of today, like the goal below, whatever the hour
    timezone: timeZone,
    allowDuplicate: true,
  };
  const goal = {
    teamId: TEAM_ID,
    name: 'Amsterdam to Paris',
    startsOn: new Date(now).toLocaleDateString('en-CA', { timeZone }), // 2026-11-22
    waypoints: [
      { name: 'Amsterdam', position: { lat: 52.374, lng: 4.8897 } },
      { name: 'Brussels', position: { lat: 50.8505, lng: 4.3488 } },
      { name: 'Paris', position: { lat: 48.8534, lng: 2.3488 } },
    ],
    activate: true,
  };
  const team = { name: `Walkers ${now.toString(36)}`, timezone: timeZone };
  return [
    tab(myTeams),
    tab(teamPage, { id: TEAM_ID }),
    tab(logWalk, { input: walk }),
    tab(markerLive, { teamId: TEAM_ID }),
    tab(createTeam, { input: team }),
    tab(createGoal, { input: goal }),
  ];
}
