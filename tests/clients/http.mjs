// urql and Apollo Client over HTTP alone: urql's own fetchSubscriptions, Apollo with the link that graphql-sse's page
// shows. Each: a query, a subscription until its second event while a mutation runs, one that is refused; for urql one
// that is cut off, for Apollo one over its HttpLink, which cannot carry it. One line of JSON each.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, Observable, gql } from '@apollo/client';
import { Client, fetchExchange } from '@urql/core';
import { print as text } from 'graphql';
import { createClient } from 'graphql-sse';

const [url, token, team, startedAt] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const print = (value) => console.log(JSON.stringify(value));

const viewer = '{ viewer { email } }';
const walk = 'mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { distanceMeters } } }';
const board = `subscription ($team: ID!) { teamLeaderboardUpdated(teamId: $team, period: ALL_TIME, metric: DISTANCE) {
  leaderboard { entries { nodes { value } } } } }`;
const walks = 'subscription ($team: ID!) { teamActivityChanged(teamId: $team) { delivery edge { node { notes } } } }';
const nowhere = 'team_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e';
const input = (notes) => ({ distanceMeters: 1500, durationSeconds: 290, startedAt, allowDuplicate: true, notes });
const value = (data) => data.teamLeaderboardUpdated.leaderboard.entries.nodes.map((row) => row.value);
let logged;

/** The results of a subscription, until `enough` of one. */
const follow = (subscribe, enough) =>
  new Promise((resolve) => {
    const stop = subscribe((result) => {
      if (!enough(result)) return;
      queueMicrotask(() => stop());
      resolve(result);
    });
  });

const urql = new Client({ url, exchanges: [fetchExchange], fetchSubscriptions: true, fetchOptions: { headers } });
const byUrql = (query, variables) => (told) => urql.subscription(query, variables).subscribe(told).unsubscribe;
print((await urql.query(viewer, {})).data.viewer.email);
await follow(byUrql(board, { team }), ({ data }) => {
  print(value(data));
  logged ??= urql.mutation(walk, { input: input('first') }).toPromise();
  return value(data).length;
});
print((await logged).data.logActivity.activity.distanceMeters);
const { error } = await follow(byUrql(walks, { team: nowhere }), () => true);
print(error.graphQLErrors.map(({ extensions }) => extensions.code));
const cut = await follow(byUrql(walks, { team }), ({ data, error }) => {
  const isFirst = data?.teamActivityChanged.delivery === 'SNAPSHOT';
  if (isFirst) urql.mutation(walk, { input: input('cut me off') }).toPromise();
  return error;
});
print({ network: Boolean(cut.error.networkError), graphQL: cut.error.graphQLErrors });

const sse = createClient({ url, headers });
const link = new ApolloLink(
  ({ query, variables }) => new Observable((sink) => sse.subscribe({ query: text(query), variables }, sink)),
);
const http = new HttpLink({ uri: url, headers });
const isSubscription = ({ operationType }) => operationType === 'subscription';
const [apollo, plain] = [ApolloLink.split(isSubscription, link, http), http].map(
  (each) => new ApolloClient({ link: each, cache: new InMemoryCache() }),
);
const byApollo = (client, query, variables) => (told) => {
  const subscription = client.subscribe({ query: gql(query), variables }).subscribe(told);
  return () => subscription.unsubscribe();
};
print((await apollo.query({ query: gql(viewer) })).data.viewer.email);
logged = undefined;
await follow(byApollo(apollo, board, { team }), ({ data }) => {
  print(value(data));
  logged ??= apollo.mutate({ mutation: gql(walk), variables: { input: input('second') } });
  return value(data)[0] > 3000;
});
print((await logged).data.logActivity.activity.distanceMeters);
for (const client of [apollo, plain]) {
  const { error } = await follow(byApollo(client, walks, { team: nowhere }), () => true);
  print(error.errors.map(({ extensions }) => extensions.code));
}
