const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;

/** Waits before a retry: a random time that grows with each one. It ends when the browser is online again. */
export function waitToRetry(retries: number): Promise<void> {
  const wait = Math.min(FIRST_WAIT * 2 ** retries, LONGEST_WAIT) * (0.5 + Math.random());
  return new Promise((done) => {
    const timer = setTimeout(finish, wait);
    window.addEventListener('online', finish);
    function finish() {
      clearTimeout(timer);
      window.removeEventListener('online', finish);
      done();
    }
  });
}
