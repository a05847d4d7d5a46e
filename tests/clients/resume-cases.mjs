// The resume helper over a client that does just what each case says. Prints the name of every case that holds.
import { deepStrictEqual as equal, ok } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { backOff, isPassing, resuming } from '../../clients/resume.mjs';

async function holds(name, work) {
  await work();
  console.log(JSON.stringify(name));
}

/** Let everything happen that is due, in turns of the loop and not in time: a busy machine has as many. */
async function settled() {
  for (let turn = 0; turn < 10; turn += 1) await sleep(1);
}

/** A client that notes every attempt: the variables it begins with, its sink, how often it was stopped. */
function played() {
  const attempts = [];
  const subscribe = (payload, sink) => {
    const attempt = { payload, sink, variables: payload.variables, stops: 0 };
    attempts.push(attempt);
    return () => (attempt.stops += 1);
  };
  return { attempts, client: { subscribe, dispose: () => 'disposed', terminate: () => 'terminated' } };
}

/** A subscription by the helper, and what it has told so far. */
function started(options, variables = { teamId: 'team_1' }) {
  const { attempts, client } = played();
  const told = [];
  const resumed = resuming(client, { wait: () => 0, ...options });
  const stop = resumed.subscribe(
    { query: 'subscription', variables },
    {
      next: ({ data }) => told.push(data.walks?.sequence ?? data),
      error: (reason) => told.push({ reason }),
      complete: () => told.push('complete'),
    },
  );
  return { attempts, resumed, stop, told };
}

const event = (sequence, delivery = 'LIVE') => ({ data: { walks: { cursor: `at ${sequence}`, sequence, delivery } } });
const errors = (...extensions) => extensions.map((each) => ({ message: 'No.', extensions: each }));
const PASSING = errors({ code: 'UNAVAILABLE', retryable: true });

await holds('each attempt begins at the newest cursor, and nothing is told twice', async () => {
  const { attempts, told } = started();
  for (const sequence of [3, 5]) attempts[0].sink.next(event(sequence));
  attempts[0].sink.error({ code: 1006, reason: '' });
  await settled();
  for (const sequence of [4, 5, 6]) attempts[1].sink.next(event(sequence, 'REPLAY'));
  attempts[1].sink.complete();
  await settled();
  equal(told, [3, 5, 6]);
  equal(attempts.map(({ variables }) => variables), [
    { teamId: 'team_1' },
    { teamId: 'team_1', after: 'at 5' },
    { teamId: 'team_1', after: 'at 6' },
  ]);
});

await holds('a client that tries again by itself sends the newest cursor too', async () => {
  const { attempts } = started();
  attempts[0].sink.next(event(7));
  equal(JSON.parse(JSON.stringify(attempts[0].payload)), {
    query: 'subscription',
    variables: { teamId: 'team_1', after: 'at 7' },
  });
});

await holds('the caller\'s own cursor and the variable\'s own name', async () => {
  const { attempts } = started({ variable: 'since' }, { since: 'at 1' });
  equal(attempts[0].variables, { since: 'at 1' });
  attempts[0].sink.next(event(2));
  equal(attempts[0].payload.variables, { since: 'at 2' });
});

await holds('a RESET and a SNAPSHOT are told, and count anew', async () => {
  const { attempts, told } = started();
  for (const each of [event(90), event(4, 'RESET'), event(5), event(5), event(2, 'SNAPSHOT'), event(3)]) {
    attempts[0].sink.next(each);
  }
  equal(told, [90, 4, 5, 2, 3]);
});

await holds('state has no place: all of it is told, and it begins again as it began', async () => {
  const { attempts, told } = started();
  for (const data of [{ board: { version: 1 } }, { board: { version: 1 } }, { walks: null }]) {
    attempts[0].sink.next({ data });
  }
  attempts[0].sink.complete();
  await settled();
  equal(told.length, 3);
  equal(attempts[1].variables, { teamId: 'team_1' });
});

await holds('what may pass is tried again, what will not ends it', async () => {
  const passing = [undefined, new Error('offline'), { type: 'error' }, { response: { status: 503 } }, PASSING];
  for (const code of [1000, 1001, 1006, 1011, 1012, 1013, 4004, 4408, 4429, 4499]) passing.push({ code, reason: '' });
  for (const reason of passing) ok(isPassing(reason));
  const lasting = [errors({ code: 'NOT_FOUND' }), [...PASSING, ...errors({ code: 'NOT_FOUND' })], errors(undefined)];
  for (const code of [4400, 4401, 4403, 4406, 4409, 4500]) lasting.push({ code, reason: '' });
  for (const status of [400, 401, 403, 404, 406]) lasting.push(Object.assign(new Error('SSE'), { response: { status } }));
  for (const reason of lasting) {
    ok(!isPassing(reason));
    const { attempts, told } = started();
    attempts[0].sink.error(reason);
    await settled();
    equal([told, attempts.length], [[{ reason }], 1]);
  }
});

await holds('a stream that is refused by a result without data', async () => {
  const { attempts, told } = started();
  attempts[0].sink.next({ errors: PASSING });
  attempts[0].sink.complete();
  await settled();
  const lasting = errors({ code: 'NOT_FOUND' });
  attempts[1].sink.next({ data: null, errors: lasting });
  attempts[1].sink.complete();
  await settled();
  equal([told, attempts.length], [[{ reason: lasting }], 2]);
});

await holds('an attempt that ended is stopped before the next begins, for clients that count', async () => {
  const { attempts, stop, told } = started();
  attempts[0].sink.error(PASSING);
  await settled();
  equal(attempts.map(({ stops }) => stops), [1, 0]);
  stop();
  equal([attempts[1].stops, told], [1, ['complete']]);
});

await holds('an attempt that ends twice is followed by one', async () => {
  const { attempts } = started({
    shouldRetry() {
      if (attempts.length === 1) attempts[0].sink.error({ code: 4499, reason: 'Terminated' });
      return true;
    },
  });
  attempts[0].sink.error(PASSING);
  attempts[0].sink.error({ code: 4499, reason: 'Terminated' });
  await settled();
  equal(attempts.length, 2);
});

await holds('who unsubscribes while it waits hears no more of it', async () => {
  const { attempts, stop, told } = started();
  attempts[0].sink.complete();
  stop();
  stop();
  await settled();
  equal([attempts.length, told], [1, ['complete']]);
});

await holds('a client that is disposed of tries nothing more', async () => {
  const { attempts, resumed, told } = started();
  attempts[0].sink.error({ code: 1012, reason: '' });
  equal([resumed.dispose(), resumed.terminate()], ['disposed', 'terminated']);
  await settled();
  equal([attempts.length, told], [1, ['complete']]);
});

await holds('what the caller throws comes back to the caller', async () => {
  const { attempts, client } = played();
  const fault = new Error('mine');
  const told = [];
  const next = () => {
    throw fault;
  };
  resuming(client).subscribe({}, { next, error: (reason) => told.push(reason) });
  attempts[0].sink.next(event(1));
  equal([told, attempts[0].stops], [[fault], 1]);
});

await holds('the caller decides what may pass, in its own time', async () => {
  const { attempts, told } = started({ shouldRetry: async (reason) => reason === PASSING });
  attempts[0].sink.error(PASSING);
  await settled();
  attempts[1].sink.error('else');
  await settled();
  const failing = started({ shouldRetry: () => Promise.reject('no token') });
  failing.attempts[0].sink.complete();
  await settled();
  equal([attempts.length, told, failing.told], [2, [{ reason: 'else' }], [{ reason: 'no token' }]]);
});

await holds('it waits longer and longer, by chance, until something comes', async () => {
  const waits = [];
  const { attempts } = started({ wait: (attempt) => (waits.push(attempt), 0) });
  for (const index of [0, 1, 2]) {
    if (index === 2) attempts[index].sink.next(event(1));
    attempts[index].sink.complete();
    await settled();
  }
  equal(waits, [0, 1, 0]);
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const most = 1000 * Math.min(30, 2 ** attempt);
    ok(backOff(attempt) >= 0 && backOff(attempt) < most);
    ok(backOff(attempt, errors({ retryAfterSeconds: 5 }, undefined)) >= 5000);
  }
});

await holds('for await gets all, ends what it leaves, and throws what ended it', async () => {
  const { attempts, client } = played();
  const resumed = resuming(client);
  const iterator = resumed.iterate({});
  const waiting = iterator.next();
  attempts[0].sink.next(event(1));
  equal((await waiting).value, event(1));
  const never = iterator.next();
  await iterator.return();
  equal([await never, attempts[0].stops], [{ done: true, value: undefined }, 1]);
  const failing = resumed.iterate({});
  attempts[1].sink.next(event(1));
  attempts[1].sink.error(errors({ code: 'NOT_FOUND' }));
  equal((await failing.next()).value, event(1));
  equal(await failing.next().catch(([error]) => error.extensions.code), 'NOT_FOUND');
});
