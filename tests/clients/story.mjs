// One story for every client with a normalised cache: a page is fetched once; three subscriptions keep it right while a
// team-mate walks, and after the connection was lost. `library` says how each step is done with a client of others.
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import WebSocket from 'ws';

import { resuming } from '../../clients/resume.mjs';
import { DELETE, LOG, UPDATE } from './documents.mjs';
import { mateDoes, more, print, socketClient, socketUrl, startedAt, strangers } from './world.mjs';

const ROUTE = 5_009.377; // metres of three legs of 0.015° on the equator

globalThis.WebSocket ??= WebSocket; // as in browsers
const complaints = new Set();
console.warn = console.error = (said) => complaints.add(said);

let queries = 0;
/** What a cache queries by; in the end it has been called once. */
export const fetchCounted = (...request) => ((queries += 1), fetch(...request));

let wayIn = Promise.resolve();
let socket, message, closed;
const forgetful = socketClient({
  url: () => wayIn.then(() => socketUrl),
  retryAttempts: more.resumes ? 0 : 5,
  on: {
    opened: (opened) => (socket = opened),
    message: (received) => (message = received),
    closed: ({ code }) => (closed = code),
  },
});
/** The client that subscriptions go through: graphql-ws as it is, or with the helper. */
export const live = more.resumes ? resuming(forgetful, { wait: () => 10 }) : forgetful;

async function until(holds) {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      return holds();
    } catch {
      await sleep(25);
    }
  }
  return holds();
}

/** The page comes to show these metres on the marker, rows of the board, and walks in the list. */
const shows = (library, total, board, walks) =>
  until(() => {
    const { activeGoal, leaderboard, activities } = library.page().team;
    const { totalMeters, remainingMeters } = activeGoal.progress;
    const rows = leaderboard.entries.nodes.map(({ value, competitor }) => [competitor.name.split('-')[0], value]);
    const listed = activities.edges.map(({ node }) => node.distanceMeters);
    deepStrictEqual([totalMeters, Math.round(remainingMeters)], [total, Math.round(ROUTE - total)]);
    deepStrictEqual([rows, listed], [board, walks]);
  });

async function walk(distanceMeters) {
  // A walk that begins now must not end much later.
  const input = { distanceMeters, durationSeconds: 290, startedAt, allowDuplicate: true };
  return (await mateDoes(LOG, input)).activity.id;
}

export async function tell(library) {
  const deliveries = [];
  const { team } = await library.open();
  await shows(library, 0, [], []);
  const stop = library.follow(more.resumes ? team.liveCursor : null, ({ delivery }) => deliveries.push(delivery));

  const first = await walk(500);
  await shows(library, 500, [['ben', 500]], [500]);
  await mateDoes(UPDATE, { activityId: first, distanceMeters: 600 });
  await shows(library, 600, [['ben', 600]], [600]);
  await mateDoes(UPDATE, { activityId: first, privacy: 'PRIVATE' });
  await shows(library, 600, [], []);
  const second = await walk(100);
  await shows(library, 700, [['ben', 100]], [100]);

  let letIn;
  wayIn = new Promise((resolve) => (letIn = resolve));
  socket.terminate();
  await walk(200);
  await walk(300);
  await mateDoes(DELETE, { activityId: second });
  letIn();
  await shows(library, 1100, [['ben', 500]], [300, 200]);

  const refused = await library.refused(strangers);
  stop();
  await until(() => strictEqual(closed, 1000)); // nobody subscribes, so the client lets its socket go
  message = undefined;
  await walk(400);
  await sleep(300);
  ok(!message);
  await shows(library, 1100, [['ben', 500]], [300, 200]);
  print({
    deliveries,
    refused: refused.map(({ extensions }) => extensions.code),
    queries,
    complaints: [...complaints],
  });
}
