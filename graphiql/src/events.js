// The results of a subscription: GraphQL over Server-Sent Events, distinct connections mode.

const END = { done: true, value: undefined };
const LOST = [{ message: "The event stream has ended early: run the subscription again." }];

/** An async iterator over the results of the response. Its `return` ends the subscription. */
export function results(response, controller) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let latest = {};
  let ended = false; // by the server, the stop button or a lost connection
  async function next() {
    while (!ended) {
      const [event, ...rest] = text.split("\n\n");
      if (rest.length > 0) {
        text = rest.join("\n\n");
        if (/^event: complete$/m.test(event)) return stop();
        const data = /^data: (.+)$/m.exec(event)?.[1]; // comments have none
        if (data) return { done: false, value: (latest = JSON.parse(data)) };
        continue;
      }
      const { done, value } = await reader.read().catch(() => END);
      text += value ?? "";
      if (!done || ended) continue;
      ended = true;
      return { done: false, value: { errors: LOST, data: latest.data } };
    }
    return END;
  }
  async function stop() {
    ended = true;
    controller.abort();
    return END;
  }
  return { next, return: stop, [Symbol.asyncIterator]() { return this; } };
}
