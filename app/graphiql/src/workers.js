// Monaco's three workers, from our own address: a Content-Security-Policy of 'self' needs nothing more.
const FILES = { json: './json.worker.js', graphql: './graphql.worker.js' };

globalThis.MonacoEnvironment = {
  getWorker: (_id, label) =>
    new Worker(new URL(FILES[label] ?? './editor.worker.js', import.meta.url), { type: 'module' }),
};
