// Builds the page into dist/: three files of fixed names, which the program embeds. `npm run dev` serves it with the API
// of a running `malmoi serve` at port 8080, or at the address in the variable MALMOI.
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

const api = ['/v1', '/health', '/tokenize', '/detokenize', '/apply-template', '/metrics', '/api', '/admin', '/explore', '/extract', '/runs', '/data', '/session', '/login', '/logout']
const target = process.env.MALMOI ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [svelte()],
  server: { proxy: Object.fromEntries(api.map((path) => [path, target])) },
  build: {
    target: 'es2022',
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions: {
      output: {
        entryFileNames: 'page.js',
        assetFileNames: 'page.[ext]',
        codeSplitting: false,
      },
    },
  },
})
