// AppSync's JavaScript, run by Node: `@aws-appsync/utils` has types only, so what our resolvers use of it stands here.
// As a command it takes CALLS, a JSON list of [file, "request" or "response", context], and prints what each did.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const UTILS = `
  export const filters = [];
  export const extensions = { setSubscriptionFilter: (filter) => filters.push(filter) };
  export const util = { error: (message, type) => { throw Object.assign(new Error(message), { type }); } };
`;
const module = (text) => `data:text/javascript,${encodeURIComponent(text)}`;

/** A resolver's functions, and the filters it set. */
export async function resolver(file) {
  const utils = module(`${UTILS}// ${file}`);
  const text = readFileSync(file, 'utf8').replace("'@aws-appsync/utils'", JSON.stringify(utils));
  return { ...(await import(module(text))), filters: (await import(utils)).filters };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [file, name, context] of JSON.parse(process.argv[2])) {
    const { [name]: run, filters } = await resolver(file);
    const done = {};
    try {
      done.result = run(context);
    } catch (error) {
      done.error = { message: error.message, type: error.type };
    }
    console.log(JSON.stringify({ ...done, filter: filters.pop() }));
  }
}
