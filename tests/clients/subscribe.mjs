// graphql-ws (the npm package) against our socket: a query, a refused document, a subscription until its second event
// while a mutation runs, then the end of it. One line of JSON each.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const [url, token, team, startedAt] = process.argv.slice(2);
const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: { Authorization: `Bearer ${token}` },
  retryAttempts: 0,
});
const print = (value) => console.log(JSON.stringify(value));

async function first(payload) {
  for await (const result of client.iterate(payload)) return result;
}

print(await first({ query: '{ viewer { email } }' }));
print(await first({ query: '{ nothing }' }).catch((errors) => ({ errors })));

const board = `subscription ($team: ID!) { teamLeaderboardUpdated(teamId: $team, period: ALL_TIME, metric: DISTANCE) {
  leaderboard { entries { nodes { value } } } } }`;
const walk = 'mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { distanceMeters } } }';
for await (const result of client.iterate({ query: board, variables: { team } })) {
  print(result);
  if (result.data.teamLeaderboardUpdated.leaderboard.entries.nodes.length) break;
  print(await first({ query: walk, variables: { input: { distanceMeters: 1500, durationSeconds: 290, startedAt } } }));
}
await client.dispose();
