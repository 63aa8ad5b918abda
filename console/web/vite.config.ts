// How the console is built, served while developing, and tested.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// `npm run dev` talks to a local `fluoro serve`.
const SERVER = process.env.FLUORO_URL ?? 'http://127.0.0.1:2000';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2023',
    // The policy allows scripts of our own origin only; a polyfill would be one more script for browsers we do not support.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
  },
  worker: { format: 'es' },
  // With the host that the browser names: the server refuses what pages of other hosts send.
  server: { proxy: { '/api': { target: SERVER, changeOrigin: false } } },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    reporters: ['default', './scripts/closing-line.mjs'],
    server: { deps: { inline: [/@cloudscape-design/] } },
    css: false,
  },
});
