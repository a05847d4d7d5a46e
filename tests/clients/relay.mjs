// Relay, with what its compiler makes of relay/page.js: its store is kept by the events alone, lists by directives.
import relay from 'relay-runtime';

import board from './relay/__generated__/pageBoardSubscription.graphql.js';
import marker from './relay/__generated__/pageMarkerSubscription.graphql.js';
import page from './relay/__generated__/pageQuery.graphql.js';
import walks from './relay/__generated__/pageWalksSubscription.graphql.js';
import { fetchCounted, live, tell } from './story.mjs';
import { authorization, post, team } from './world.mjs';

const { ConnectionHandler, Environment, Network, Observable, RecordSource, Store } = relay;

const fetchPage = ({ text }, variables) => post(text, variables, authorization, fetchCounted);
const follow = ({ name, text }, variables) =>
  Observable.create((sink) => live.subscribe({ operationName: name, query: text, variables }, sink));

const environment = new Environment({
  network: Network.create(fetchPage, follow),
  store: new Store(new RecordSource()),
});
const thePage = relay.createOperationDescriptor(page, { id: team });
environment.retain(thePage);
const subscribe = (subscription, variables, handlers) =>
  relay.requestSubscription(environment, { subscription, variables, ...handlers });

await tell({
  open: () => relay.fetchQuery(environment, page, { id: team }).toPromise(),
  page: () => environment.lookup(thePage.fragment).data,
  follow(after, told) {
    const connections = [ConnectionHandler.getConnectionID(team, 'page_activities')];
    const all = [
      subscribe(marker, { teamId: team }),
      subscribe(board, { teamId: team }),
      subscribe(walks, { teamId: team, after, connections }, { onNext: (data) => told(data.teamActivityChanged) }),
    ];
    return () => all.forEach((each) => each.dispose());
  },
  refused: (teamId) =>
    new Promise((resolve) => {
      subscribe(walks, { teamId, connections: [] }, { onError: resolve });
    }),
});
