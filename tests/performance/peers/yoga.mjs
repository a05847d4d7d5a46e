// graphql-yoga with graphql-ws, as their manuals say: each socket's document is run for each event.
import { setMaxListeners } from 'node:events'
import { createServer } from 'node:http'
import { createPubSub, createSchema, createYoga } from 'graphql-yoga'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'

const typeDefs = /* GraphQL */ `
  type Query { ok: Boolean! }
  enum LeaderboardPeriod { DAY WEEK MONTH ALL_TIME GOAL }
  enum LeaderboardMetric { DISTANCE DURATION STEPS ACTIVE_DAYS }
  type Competitor { id: ID! name: String! }
  type Entry { rank: Int! value: Float! competitor: Competitor! }
  type Entries { nodes: [Entry!]! }
  type Leaderboard { version: String! entries(first: Int): Entries! }
  type Update { teamId: ID leaderboard: Leaderboard }
  type Subscription {
    teamLeaderboardUpdated(teamId: ID!, period: LeaderboardPeriod!, metric: LeaderboardMetric!): Update
  }
`
const target = new EventTarget()
setMaxListeners(0, target)
const news = createPubSub({ eventTarget: target })
const newest = new Map()

async function* updates(team) {
  const coming = news.subscribe('told', team)
  yield newest.get(team)
  yield* coming
}

const field = 'teamLeaderboardUpdated'
const resolvers = {
  Subscription: { [field]: { subscribe: (_, { teamId }) => updates(teamId), resolve: (update) => update } },
}
const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers }), logging: false, graphiql: false })

function tell(request, response) {
  const team = request.url.split('/').pop()
  let body = ''
  request.on('data', (part) => (body += part))
  request.on('end', () => {
    const update = JSON.parse(body).data[field]
    newest.set(team, update)
    news.publish('told', team, update)
    response.writeHead(200, { 'content-length': 2 }).end('{}')
  })
}

const server = createServer((request, response) =>
  request.url.startsWith('/tell/') ? tell(request, response) : yoga(request, response),
)
useServer(
  {
    execute: (args) => args.rootValue.execute(args),
    subscribe: (args) => args.rootValue.subscribe(args),
    onSubscribe: async (ctx, _id, params) => {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...ctx,
        req: ctx.extra.request,
        socket: ctx.extra.socket,
        params,
      })
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      }
      const errors = validate(args.schema, args.document)
      return errors.length ? errors : args
    },
  },
  new WebSocketServer({ server, path: '/graphql' }),
)
server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () => console.log(server.address().port))
