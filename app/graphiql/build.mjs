// Bundles GraphiQL into the folder named by the first argument: main.js, main.css, three workers, their chunks and fonts.
// The folder's own name carries the hash of its sources, so the names inside stay plain.
import { build } from 'esbuild';

const outdir = process.argv[2];
if (!outdir) throw new Error('usage: node build.mjs FOLDER');

// graphiql/style.css holds Monaco's styles already; esbuild would write them again beside every lazy chunk, never loaded.
const withoutMonacoStyles = {
  name: 'without-monaco-styles',
  setup: build => build.onLoad({ filter: /monaco-editor.*\.css$/ }, () => ({ contents: '' })),
};

await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: {
    main: 'src/main.jsx',
    'editor.worker': 'monaco-editor/esm/vs/editor/editor.worker.js',
    'json.worker': 'monaco-editor/esm/vs/language/json/json.worker.js',
    'graphql.worker': 'monaco-graphql/esm/graphql.worker.js',
  },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  keepNames: true, // GraphiQL makes its icons' accessible names of function names
  jsx: 'automatic',
  chunkNames: '[name]-[hash]',
  define: { 'process.env.NODE_ENV': '"production"', 'process.env.USE_IMPORT': '"true"' },
  loader: { '.graphql': 'text' },
  plugins: [withoutMonacoStyles],
  legalComments: 'linked',
  logLevel: 'warning',
});
