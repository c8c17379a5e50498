// Sends requests to the API, with the access token of the bar.

import { results } from "./events.js";
import { accessToken, useToken } from "./token.js";

/** Sends a request. Returns its result, or the results of a subscription as an async iterator. */
export async function fetcher(params, options = {}) {
  const result = await send(params, options);
  if (Symbol.asyncIterator in result) return result;
  keepToken(result);
  // With an invalid token every request fails, even the introspection for the documentation.
  const dead = !("data" in result) && result.errors?.[0]?.extensions?.code === "UNAUTHENTICATED";
  if (dead && accessToken()) {
    useToken("", "access token invalid or expired: log in again");
    return send(params, options);
  }
  return result;
}

function keepToken({ data }) {
  const token = (data?.logIn ?? data?.refreshSession)?.accessToken;
  if (token) useToken(token, "taken from the response");
  if (data?.logOut) useToken("", "logged out");
}

async function send(params, options) {
  const headers = new Headers(options.headers); // the "Headers" tab of GraphiQL takes precedence
  headers.set("accept", "application/json, text/event-stream"); // events for subscriptions only
  headers.set("content-type", "application/json");
  if (accessToken() && !headers.has("authorization")) {
    headers.set("authorization", `Bearer ${accessToken()}`);
  }
  const controller = new AbortController();
  const request = { method: "POST", headers, body: JSON.stringify(params), signal: controller.signal };
  // Relative to the page, since a proxy may serve the API below another path.
  const response = await fetch("./graphql", request);
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("text/event-stream")) return results(response, controller);
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { errors: [{ message: `HTTP ${response.status}: ${text || "empty response"}` }] };
  }
}
