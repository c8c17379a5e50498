// A plain form, for when GraphiQL cannot be loaded.

import { fetcher } from "./fetcher.js";
import { FIRST_REQUEST } from "./first_request.js";

const form = document.getElementById("form");
const { request, variables, send, response } = form.elements;
let stream; // the subscription that is open

/** Shows the form. */
export function showForm() {
  request.value = FIRST_REQUEST;
  form.hidden = false;
  form.addEventListener("submit", submit);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.ctrlKey) form.requestSubmit(send);
  });
}

async function submit(event) {
  event.preventDefault();
  send.disabled = true;
  response.value = "…";
  try {
    await run();
  } catch (error) {
    show({ errors: [{ message: error.message }] });
  } finally {
    send.disabled = false;
  }
}

async function run() {
  await stream?.return();
  const text = variables.value.trim();
  const result = await fetcher({ query: request.value, variables: text ? JSON.parse(text) : undefined });
  if (Symbol.asyncIterator in result) follow((stream = result));
  else show(result);
}

async function follow(results) {
  for await (const result of results) show(result);
}

function show(result) {
  response.value = JSON.stringify(result, null, 2);
}
