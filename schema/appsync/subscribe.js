// What AppSync runs when somebody subscribes, for every subscription, with a function of ours as its source: that one says
// whether they may. Then come only events that have the arguments' values and, if a filter was given, pass it.
import { extensions, util } from '@aws-appsync/utils';

const OF_NO_EVENT = ['after', 'filter']; // arguments that are not fields of the event

export function request(ctx) {
  const { args, identity, source, request, prev, stash, info } = ctx;
  return { operation: 'Invoke', payload: { arguments: args, identity, source, request, prev, stash, info } };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  const own = Object.entries(ctx.args)
    .filter(([name]) => !OF_NO_EVENT.includes(name))
    .map(([fieldName, value]) => ({ fieldName, operator: 'eq', value }));
  extensions.setSubscriptionFilter({
    filterGroup: wanted(ctx.args.filter).map((group) => ({ filters: [...own, ...group.filters] })),
  });
  return null;
}

/** The client's filter, as AppSync hands over AWSJSON: parsed. What was removed always comes. */
function wanted(filter) {
  if (!filter) {
    return [{ filters: [] }];
  }
  const { filterGroup } = typeof filter === 'string' ? JSON.parse(filter) : filter;
  return [...filterGroup, { filters: [{ fieldName: 'change', operator: 'eq', value: 'REMOVED' }] }];
}
