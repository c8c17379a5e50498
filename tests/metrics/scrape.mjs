// Prints what a server tells Prometheus after some requests: node tests/metrics/scrape.mjs PROGRAM | promtool check metrics

import { start } from '../conformance/server.mjs';

const server = await start(process.argv[2], { METRICS_ADDR: '127.0.0.1:0' });
try {
  for (const query of ['{ __typename }', 'query Boards { boards { totalCount } }', '{']) {
    const headers = { 'content-type': 'application/json' };
    await (await fetch(server.url, { method: 'POST', headers, body: JSON.stringify({ query }) })).text();
  }
  const metrics = await (await fetch(server.metrics)).text();
  if (!/^kanban_requests_total\{.*operation="Boards"/m.test(metrics)) throw new Error(`no requests were counted:\n${metrics}`);
  process.stdout.write(metrics);
} finally {
  server.stop();
}
