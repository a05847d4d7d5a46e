// graphql-http's audits of a GraphQL over HTTP server: one line of JSON per audit.
import { auditServer } from 'graphql-http';

const [url] = process.argv.slice(2);
for (const result of await auditServer({ url, fetchFn: fetch })) {
  console.log(JSON.stringify({ id: result.id, name: result.name, status: result.status, reason: result.reason }));
}
