// aws-amplify as an app has it, pointed at us: queries and a mutation over HTTP, and subscriptions over AppSync's
// protocol, signed in and by an API key. One line of JSON each: what queries say, what bad operations end with, what two
// kinds of tokens get; then the team's walks as they come, over a connection that is cut, until the one logged after it.
import { setTimeout } from 'node:timers/promises';

import { Amplify } from 'aws-amplify';
import { generateClient } from 'aws-amplify/api';
import { Hub } from 'aws-amplify/utils';
import WebSocket from 'ws';

globalThis.WebSocket = WebSocket; // browsers have one, and Node from 22 on

const { url, token, team, startedAt } = JSON.parse(process.argv[2]);
const tokenProvider = { getTokens: async () => ({ accessToken: { payload: {}, toString: () => token } }) };
Amplify.configure(
  { API: { GraphQL: { endpoint: url, defaultAuthMode: 'userPool', apiKey: 'da2-any' } } },
  { Auth: { tokenProvider } },
);
const client = generateClient();
const print = (value) => console.log(JSON.stringify(value));

const WALKS = `subscription ($team: ID!) { teamActivityChanged(teamId: $team) { delivery edge { node { notes } } } }`;
const LOG = 'mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { id } } }';
const walks = { query: WALKS, variables: { team } };

const messages = ({ errors }) => errors.map(({ message }) => message).join();

/** The first result of a subscription, or its errors' messages. */
const first = (operation) =>
  new Promise((resolve) => {
    const subscription = client.graphql(operation).subscribe({
      next: ({ data }) => resolve(data, subscription.unsubscribe()),
      error: (failure) => resolve(messages(failure)),
    });
  });

const walk = (notes) =>
  client.graphql({
    query: LOG,
    variables: { input: { distanceMeters: 900, durationSeconds: 290, startedAt, notes, allowDuplicate: true } },
  });

const viewer = { query: '{ viewer { user { name } } }' };
print([await client.graphql(viewer), await client.graphql({ ...viewer, authMode: 'apiKey' })]);
print([
  await client.graphql({ query: '{ nothing }' }).catch(messages),
  await first({ ...walks, authMode: 'lambda', authToken: 'nonsense' }),
  await first({ query: 'subscription { nothing }' }),
  await first({ ...walks, authMode: 'apiKey' }),
]);
await setTimeout(200); // it closes its connection now, and would not notice for 15 s if it began meanwhile
print([await first({ ...walks, authMode: 'oidc' }), await first({ ...walks, authMode: 'lambda', authToken: token })]);

const toLog = ['first', 'cut me off', 'last'];
const subscription = client.graphql(walks).subscribe({
  next({ data: { teamActivityChanged: { delivery, edge } } }) {
    const notes = edge?.node.notes;
    if (notes === 'cut me off') return; // which it may be told before it happens
    print([delivery, notes]);
    if (toLog.length) return walk(toLog.shift());
    Hub.listen('api', ({ payload }) => payload.data.connectionState === 'Disconnected' && process.exit());
    subscription.unsubscribe(); // a second later it closes its connection; its timers would run on for 15
  },
  error: (problem) => print(problem),
});
