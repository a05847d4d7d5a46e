// Where the service is and who takes part: what the test that runs a script hands it, as JSON. And ways there.
import { strictEqual } from 'node:assert/strict';

import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

/** `url`; `token` of who looks on; `mate`, the token of who walks in the same `team` at `startedAt`. */
export const { url, token, mate, team, startedAt, ...more } = JSON.parse(process.argv[2]);
/** A team that nobody here may see. */
export const strangers = 'team_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e';

/** A JSON value as a line, for the test to read. */
export const print = (value) => console.log(JSON.stringify(value));

export const socketUrl = url.replace('http', 'ws');
export const authorization = { authorization: `Bearer ${token}` };

/** The result of an operation over HTTP. */
export async function post(query, variables, headers = authorization, send = fetch) {
  const request = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } };
  return (await send(url, { ...request, body: JSON.stringify({ query, variables }) })).json();
}

/** A write of the team-mate's. */
export async function mateDoes(query, input) {
  const { data, errors } = await post(query, { input }, { authorization: `Bearer ${mate}` });
  strictEqual(errors, undefined);
  return Object.values(data)[0];
}

/** A graphql-ws client that signs in, and tries again soon. */
export function socketClient(options) {
  return createClient({
    url: socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: `Bearer ${token}` },
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 10 * Math.random())),
    shouldRetry: () => true, // by default a server that isn't there is not tried again
    ...options,
  });
}
