import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** The server of `cargo run`, unless `KANBAN_URL` names another one. */
const target = process.env.KANBAN_URL ?? 'http://127.0.0.1:8000';
const server = { proxy: { '/graphql': { target, ws: true } } };

// @hello-pangea/dnd and react-aria write elements <style>. Everything else comes from files of the build.
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'self'",
  "form-action 'none'",
].join('; ');

/** Writes the policy into the page. The development server cannot keep it. */
const contentSecurityPolicy: Plugin = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: CSP }, injectTo: 'head-prepend' },
  ],
};

export default defineConfig({
  plugins: [react(), contentSecurityPolicy],
  // Files are found relative to index.html, so one build works below any path.
  base: './',
  server,
  preview: server,
});
