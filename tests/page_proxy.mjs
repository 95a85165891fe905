// Serves a built page (a folder) before a running program, so that the page can be tried without building the program anew.
// Everything that is no file of the page goes to the program. Usage: node page_proxy.mjs FOLDER URL; tells its own address.
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [folder, target] = process.argv.slice(2)
const types = { '/': ['index.html', 'text/html'], '/page.js': ['page.js', 'text/javascript'], '/page.css': ['page.css', 'text/css'] }
// The policy that the program itself sends: read where it stands, so that the two cannot differ.
const source = readFileSync(fileURLToPath(new URL('../src/serve/page.cc', import.meta.url)), 'utf8')
const literals = source.match(/kPolicy =([^;]*(?:"[^"]*"[^;]*)*);\n/)?.[1] ?? ''
const policy = [...literals.matchAll(/"([^"]*)"/g)].map((found) => found[1]).join('')
if (!policy.includes("default-src 'none'")) throw new Error('src/serve/page.cc has no kPolicy that could be read')

function pass_on(incoming, outgoing) {
  const headers = { ...incoming.headers, host: new URL(target).host }
  // The program answers to its own origin alone: before it, this one is meant.
  for (const name of ['origin', 'referer', 'sec-fetch-site']) delete headers[name]
  const upstream = request(new URL(incoming.url, target), { method: incoming.method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers)
    answer.pipe(outgoing)
  })
  upstream.on('error', () => outgoing.destroy())
  outgoing.on('close', () => upstream.destroy())
  incoming.pipe(upstream)
}

const server = createServer((incoming, outgoing) => {
  const file = types[incoming.url.split('?')[0]]
  if (!file) return pass_on(incoming, outgoing)
  const [name, type] = file
  outgoing.writeHead(200, { 'Content-Type': type + '; charset=utf-8', 'Content-Security-Policy': policy, 'Cache-Control': 'no-cache' })
  outgoing.end(readFileSync(join(folder, name)))
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`))
