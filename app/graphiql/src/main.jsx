// GraphiQL for Mile Quest. The page's own configuration stands in `data-config` of #graphiql: {accounts: [{name, email, password}]}.
import './workers.js';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './main.css';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { getOperationAST, parse } from 'graphql';
import { createRoot } from 'react-dom/client';
import { Account } from './account.jsx';
import { exampleTabs } from './examples.js';
import { Session } from './session.js';
import { storage } from './storage.js';

const root = document.getElementById('graphiql');
const { accounts } = JSON.parse(root.dataset.config);
const endpoint = location.origin + location.pathname;
const session = new Session(endpoint, accounts);

// A subscription opens a graphql-transport-ws socket of its own; the toolkit gives it the headers as connectionParams.
const send = createGraphiQLFetcher({
  url: endpoint,
  subscriptionUrl: endpoint.replace(/^http/, 'ws'),
  enableIncrementalDelivery: false,
});
const fetcher = async (params, options = {}) => {
  const { operationName, documentAST } = read(params);
  // The schema is the same for all: a session the API has forgotten must not take it away.
  const headers = operationName === 'IntrospectionQuery' ? options.headers : await session.headers(options.headers);
  return send({ ...params, operationName }, { headers, documentAST });
};

/** Which operation to run, read from the text itself: what GraphiQL says of it lags behind quick typing. */
function read({ query, operationName }) {
  try {
    const documentAST = parse(query);
    const operation = getOperationAST(documentAST, operationName) ?? getOperationAST(documentAST);
    return { operationName: operation ? operation.name?.value : operationName, documentAST };
  } catch {
    return { operationName }; // the API says what is wrong with it
  }
}

const plugins = [HISTORY_PLUGIN, explorerPlugin()];
const tabs = exampleTabs();

createRoot(root).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={plugins}
    storage={storage}
    defaultTabs={tabs}
    defaultEditorToolsVisibility="variables"
    schemaDescription
    inputValueDeprecation
  >
    <GraphiQL.Logo>
      <span className="title">Mile Quest</span>
      {accounts.length > 0 && <Account session={session} accounts={accounts} />}
    </GraphiQL.Logo>
  </GraphiQL>,
);
