import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The server of `cargo run`. */
const target = process.env.KANBAN_URL ?? 'http://127.0.0.1:8000';
const server = { proxy: { '/graphql': { target, ws: true } } };

export default defineConfig({
  plugins: [react()],
  // Files are found relative to index.html, so one build works below any path.
  base: './',
  server,
  preview: server,
});
