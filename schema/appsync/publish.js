// What AppSync runs for every `publish…` mutation, with no source: its subscribers get the event as it was given.
export function request(ctx) {
  const { event } = ctx.args;
  return { payload: typeof event === 'string' ? JSON.parse(event) : event };
}

export function response(ctx) {
  return ctx.result;
}
