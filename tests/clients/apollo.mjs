// Apollo Client 4: its cache is kept by the events alone; for a list it takes one updater.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';

import { BOARD_LIVE, MARKER_LIVE, PAGE, WALKS_LIVE } from './documents.mjs';
import { listed } from './lists.mjs';
import { fetchCounted, live, tell } from './story.mjs';
import { authorization, team, url } from './world.mjs';

const [page, boardLive, markerLive, walksLive] = [PAGE, BOARD_LIVE, MARKER_LIVE, WALKS_LIVE].map((text) => gql(text));
const http = new HttpLink({ uri: url, headers: authorization, fetch: fetchCounted });
const isSubscription = ({ operationType }) => operationType === 'subscription';
const client = new ApolloClient({
  link: ApolloLink.split(isSubscription, new GraphQLWsLink(live), http),
  cache: new InMemoryCache({ possibleTypes: { Competitor: ['User', 'Team'] } }),
});
const thePage = { query: page, variables: { id: team } };
let shown;

await tell({
  async open() {
    const { data } = await client.query(thePage);
    client.watchQuery(thePage).subscribe((result) => (shown = result.data));
    return data;
  },
  page: () => shown,
  follow(after, told) {
    const walks = client.subscribe({ query: walksLive, variables: { teamId: team, after } });
    const all = [
      client.subscribe({ query: markerLive, variables: { teamId: team } }).subscribe({}),
      client.subscribe({ query: boardLive, variables: { teamId: team } }).subscribe({}),
      walks.subscribe(({ data: { teamActivityChanged: event } }) => {
        told(event);
        client.cache.updateQuery(thePage, (old) => listed(old, event));
      }),
    ];
    return () => all.forEach((each) => each.unsubscribe());
  },
  refused: (teamId) =>
    new Promise((resolve) => {
      client.subscribe({ query: walksLive, variables: { teamId } }).subscribe(({ error }) => resolve(error.errors));
    }),
});
