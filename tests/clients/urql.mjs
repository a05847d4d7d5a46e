// urql with its normalised cache, which is kept by the events alone; for a list it takes one updater.
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';

import { BOARD_LIVE, MARKER_LIVE, PAGE, WALKS_LIVE } from './documents.mjs';
import { listed } from './lists.mjs';
import { fetchCounted, live, tell } from './story.mjs';
import { authorization, team, url } from './world.mjs';

const values = [
  ...['ActivityConnection', 'TeamMemberConnection', 'LeaderboardEntryConnection', 'PageInfo'],
  ...['ActivityEdge', 'LeaderboardEntry', 'Standing', 'LatLng', 'Waypoint'],
]; // they have no id
const client = new Client({
  url,
  preferGetMethod: false,
  fetch: fetchCounted,
  fetchOptions: { headers: authorization },
  exchanges: [
    cacheExchange({
      keys: Object.fromEntries(values.map((type) => [type, () => null])),
      updates: {
        Subscription: {
          teamActivityChanged: ({ teamActivityChanged: event }, { teamId }, cache) =>
            cache.updateQuery({ query: PAGE, variables: { id: teamId } }, (page) => page && listed(page, event)),
        },
      },
    }),
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: (operation) => ({
        subscribe: (sink) => ({ unsubscribe: live.subscribe(operation, sink) }),
      }),
    }),
  ],
});
let shown;

await tell({
  async open() {
    const { data } = await client.query(PAGE, { id: team }).toPromise();
    client.query(PAGE, { id: team }).subscribe((result) => (shown = result.data));
    return data;
  },
  page: () => shown,
  follow(after, told) {
    const all = [
      client.subscription(MARKER_LIVE, { teamId: team }).subscribe(() => {}),
      client.subscription(BOARD_LIVE, { teamId: team }).subscribe(() => {}),
      client
        .subscription(WALKS_LIVE, { teamId: team, after })
        .subscribe(({ data }) => told(data.teamActivityChanged)),
    ];
    return () => all.forEach((each) => each.unsubscribe());
  },
  refused: (teamId) =>
    new Promise((resolve) => {
      client.subscription(WALKS_LIVE, { teamId }).subscribe(({ error }) => resolve(error.graphQLErrors));
    }),
});
