// subscriptions-transport-ws, the client of old Apollo apps. One line of JSON each: a query's result, what two bad
// operations and a bad token end with, then the team's walks as they come, over a connection that is cut, until the one
// that is logged after that.
import { SubscriptionClient } from 'subscriptions-transport-ws';
import WebSocket from 'ws';

const { url, token, team, startedAt } = JSON.parse(process.argv[2]);
const print = (value) => console.log(JSON.stringify(value));
const connected = (authorization, options) =>
  new SubscriptionClient(url, { connectionParams: { authorization }, ...options }, WebSocket);

const client = connected(`Bearer ${token}`, { reconnect: true });
const WALKS = `subscription ($team: ID!) { teamActivityChanged(teamId: $team) { delivery edge { node { notes } } } }`;

/** The only result of an operation, or its error's code. */
const run = (query, variables) =>
  new Promise((resolve) => {
    let result;
    client.request({ query, variables }).subscribe({
      next: (only) => (result = only),
      error: ({ extensions }) => resolve(extensions.code),
      complete: () => resolve(result),
    });
  });

/** Log a walk, over HTTP: the client would send it again if its connection is cut before the answer. */
const walk = (notes) =>
  fetch(url.replace('ws', 'http'), {
    method: 'POST',
    headers: { authorization: token, 'content-type': 'application/json' },
    body: JSON.stringify({
      query: 'mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { id } } }',
      variables: { input: { distanceMeters: 900, durationSeconds: 290, startedAt, notes, allowDuplicate: true } },
    }),
  });

print(await run('{ viewer { user { name } } }'));
print(await run('subscription { nothing }'));
print(await run(WALKS, { team: 'team_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e' }));
const stranger = connected('nonsense', { connectionCallback: ({ extensions }) => print(extensions.code) });
await new Promise((closed) => stranger.onDisconnected(closed));

const toLog = ['first', 'cut me off', 'last'];
const subscription = client.request({ query: WALKS, variables: { team } }).subscribe({
  async next({ data: { teamActivityChanged: { delivery, edge } } }) {
    const notes = edge?.node.notes;
    if (notes === 'cut me off') return; // which it may be told before it happens
    print([delivery, notes]);
    if (toLog.length) return walk(toLog.shift());
    subscription.unsubscribe();
    print(await run('{ __typename }'));
    client.close();
  },
  error: (problem) => print(problem),
});
