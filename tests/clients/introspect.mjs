// graphql-js reads the schema as browsers and code generators do: one line with how many types it found, or the errors.
import { buildClientSchema, getIntrospectionQuery, validateSchema } from 'graphql';

const [url] = process.argv.slice(2);
const query = getIntrospectionQuery({
  schemaDescription: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  inputValueDeprecation: true,
  oneOf: true,
});
const answer = await fetch(url, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ query }),
});
const { data, errors } = await answer.json();
const schema = data && buildClientSchema(data);
console.log(JSON.stringify(errors ?? validateSchema(schema)));
console.log(JSON.stringify(Object.keys(schema?.getTypeMap() ?? {})));
