const ATTEMPTS = 5;

/** Whether no answer arrived: `fetch` throws a TypeError then. */
export const isUnanswered = (error: unknown) => error instanceof TypeError;

/** Calls `send` until an answer arrives. A mutation needs a `clientMutationId`, the same one each time. */
export async function untilAnswered<T>(send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      if (!isUnanswered(error) || attempt === ATTEMPTS) throw error;
      await new Promise((done) => setTimeout(done, 200 * 2 ** attempt * (0.5 + Math.random())));
    }
  }
}
