// Shows GraphiQL, or a plain form if GraphiQL cannot be loaded.

import { fetcher } from "./fetcher.js";
import { FIRST_REQUEST } from "./first_request.js";
import { showForm } from "./form.js";
import { loadFiles } from "./loader.js";

const root = document.getElementById("graphiql");
const { nonce } = document.querySelector("script");

function showGraphiql() {
  // Allows the styles that GraphiQL's dialogs insert under the Content-Security-Policy.
  window.__webpack_nonce__ = nonce;
  // sessionStorage, so that passwords in queries are gone when the tab is closed.
  const props = { fetcher, defaultQuery: FIRST_REQUEST, storage: sessionStorage };
  ReactDOM.createRoot(root).render(React.createElement(GraphiQL, props));
}

try {
  await loadFiles(document.body.dataset.source, nonce);
  showGraphiql();
} catch {
  root.remove();
  showForm();
}
