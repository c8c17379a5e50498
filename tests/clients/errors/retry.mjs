const RETRIES = 5;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Calls `send` until there is an answer. It sends a mutation with `fetch`, always with the same `clientMutationId`, and
 * returns `{ data, errors }`.
 */
export async function sendSafely(send) {
  for (let retries = 0; ; retries += 1) {
    const answer = await send().catch(retryable);
    if (answer && !isBusy(answer)) return answer;
    if (retries === RETRIES) throw new Error('There is no answer. Try again later.');
    await sleep(500 * 2 ** retries * (0.5 + Math.random()));
  }
}

/**
 * `fetch` throws a TypeError when the connection was cut, and a TimeoutError if `AbortSignal.timeout` has ended it: then
 * nobody knows if the mutation took effect.
 */
function retryable(error) {
  if (!(error instanceof TypeError) && error.name !== 'TimeoutError') throw error;
}

const isBusy = ({ errors }) =>
  errors?.some(({ extensions }) => extensions?.code === 'SERVICE_UNAVAILABLE' || extensions?.outcome === 'UNKNOWN');
