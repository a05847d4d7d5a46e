// Amplify's AppSync simulator with our schema. Takes JSON of {schema, direct, batched, functions, resolvers, apiKey}, prints
// its port, and ends with its standard input. `resolvers` has the JavaScript of AppSync for `Type.field`.
import { createRequire } from 'node:module';
import { resolver } from '../../fakes/appsync-js.mjs';

const { AmplifyAppSyncSimulator } = createRequire(import.meta.url)('@aws-amplify/amplify-appsync-simulator');
const { schema, direct, batched, functions, resolvers, apiKey } = JSON.parse(process.argv[2]);
console.log = console.error; // the simulator talks

/** What AppSync makes of a direct Lambda resolver, in the templates that the simulator knows: all of the context. */
const CONTEXT = `{ ${['arguments', 'identity', 'source', 'request', 'stash', 'info']
  .map((name) => `"${name}": $util.toJson($context.${name})`)
  .join(', ')}, "prev": null }`;
const asking = (operation) => `{ "version": "2018-05-29", "operation": "${operation}", "payload": ${CONTEXT} }`;
const REFUSED = '#if($ctx.error)$util.error($ctx.error.message, $ctx.error.type)#end';
const ANSWERED = `${REFUSED}$util.toJson($ctx.result)`;
const EACH = `${REFUSED}#if($ctx.result.errorType)$util.error($ctx.result.errorMessage, $ctx.result.errorType)#end`;
const BATCH = `${EACH}$util.toJson($ctx.result.data)`;

/** Lambda: a function that failed says so in its answer. */
async function invoke(event) {
  const answer = await fetch(functions, { method: 'POST', body: JSON.stringify(event) });
  const said = await answer.json();
  if (answer.headers.has('x-amz-function-error')) {
    throw Object.assign(new Error(said.errorMessage), { type: said.errorType });
  }
  return said;
}

/** A source that runs AppSync's JavaScript, and our function where that asks for it. */
const running = (script) => async (ctx) => {
  const asked = script.request({ ...ctx, args: ctx.arguments });
  const outcome = asked.operation
    ? await invoke(asked.payload).then((result) => ({ result }), (error) => ({ error }))
    : { result: asked.payload };
  return script.response({ ...ctx, args: ctx.arguments, ...outcome });
};

const named = (field, source, request, response) => {
  const [typeName, fieldName] = field.split('.');
  const templates = { requestMappingTemplate: request, responseMappingTemplate: response };
  return { kind: 'UNIT', typeName, fieldName, dataSourceName: source, ...templates };
};
const lambda = (name, call) => ({ name, type: 'AWS_LAMBDA', invoke: call });
const scripted = await Promise.all(
  Object.entries(resolvers).map(async ([field, file]) => [field, await resolver(file)]),
);

const simulator = new AmplifyAppSyncSimulator();
simulator.init({
  schema: { content: schema },
  appSync: {
    name: 'Mile Quest',
    defaultAuthenticationType: { authenticationType: 'AMAZON_COGNITO_USER_POOLS', cognitoUserPoolConfig: {} },
    additionalAuthenticationProviders: [{ authenticationType: 'API_KEY' }, { authenticationType: 'AWS_IAM' }],
    apiKey,
  },
  dataSources: [lambda('ours', invoke), ...scripted.map(([field, script]) => lambda(field, running(script)))],
  resolvers: [
    ...direct.map((field) => named(field, 'ours', asking('Invoke'), ANSWERED)),
    ...batched.map((field) => named(field, 'ours', asking('BatchInvoke'), BATCH)),
    ...scripted.map(([field]) => named(field, field, asking('Invoke'), ANSWERED)),
  ],
});
await simulator.start();
process.stdout.write(`${new URL(simulator.localhostUrl).port}\n`);
process.stdin.resume().on('end', () => process.exit());
