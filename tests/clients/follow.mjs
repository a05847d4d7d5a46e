// graphql-ws, or graphql-sse, follows a team's walks by the helper while its connections are cut and its token expires,
// up to the walk with the notes "last". One line of JSON each: what a refused subscription ends with, the place of every
// event, how many tokens are left.
import { createClient } from 'graphql-sse';

import { isPassing, resuming } from '../../clients/resume.mjs';
import { more, print, socketClient, strangers, team } from './world.mjs';

const WALKS = `subscription ($team: ID!, $after: String) { teamActivityChanged(teamId: $team, after: $after) {
  cursor sequence delivery edge { node { notes } } } }`;
const { wire, retries: retryAttempts, tokens, mayLeaveSocket } = more; // each connection signs in with the next of them
const signIn = () => ({ Authorization: `Bearer ${tokens.length > 1 ? tokens.shift() : tokens[0]}` });
const followed = wire.startsWith('ws')
  ? socketClient({ url: wire, retryAttempts, connectionParams: signIn })
  : createClient({ url: wire, retryAttempts, headers: signIn, retry: () => {} });
const isExpired = (reason) => Array.isArray(reason) && reason[0].extensions.code === 'UNAUTHENTICATED';
const client = resuming(followed, {
  wait: () => 20 * Math.random(),
  shouldRetry(reason) {
    if (isExpired(reason)) followed.terminate?.(); // the next connection signs in anew
    return isExpired(reason) || isPassing(reason);
  },
});
const walks = (variables) => client.iterate({ query: WALKS, variables });

print(await walks({ team: strangers }).next().catch(([error]) => error.extensions.code));
for await (const { data } of walks({ team })) {
  const { sequence, delivery, edge } = data.teamActivityChanged;
  print({ sequence, delivery });
  if (edge?.node.notes === 'last') break;
}
print(tokens.length);
await client.dispose();
// The close of a connection that was given up ends the next attempt of graphql-ws, and leaves its socket open for ever.
if (mayLeaveSocket) process.exit();
