// graphql-sse (the npm package): a query, refusals, and a subscription that survives being cut off, because its headers
// say where it was. What happens while it is away is a walk; then it ends. One line of JSON each.
import { createClient } from 'graphql-sse';

const [url, token, team, startedAt] = process.argv.slice(2);
const print = (value) => console.log(JSON.stringify(value));
const walk = 'mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { notes } } }';
const walks = `subscription ($team: ID!) { teamActivityChanged(teamId: $team) {
  cursor delivery edge { node { notes } } } }`;

let cursor;
const client = createClient({
  url,
  headers: () => ({ authorization: `Bearer ${token}`, ...(cursor && { 'last-event-id': cursor }) }),
  on: { message: ({ data }) => (cursor = data?.data?.teamActivityChanged?.cursor ?? cursor) },
  retry: () => log('while away'),
});

async function first(payload) {
  for await (const result of client.iterate(payload)) return result;
}

function log(notes) {
  const input = { distanceMeters: 1500, durationSeconds: 290, startedAt, allowDuplicate: true, notes };
  return first({ query: walk, variables: { input } });
}

print(await first({ query: '{ viewer { email } }' }));
print(await first({ query: '{ nothing }' }));
print(await first({ query: walks, variables: { team: 'team_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e' } }));

for await (const { data, errors } of client.iterate({ query: walks, variables: { team } })) {
  const event = data.teamActivityChanged;
  print({ delivery: event.delivery, notes: event.edge?.node.notes, errors });
  if (event.delivery === 'SNAPSHOT') print(await log('cut me off'));
  if (event.delivery === 'REPLAY') break;
}
client.dispose();
