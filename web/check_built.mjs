// Builds the page into a temporary folder and compares it with dist/: the committed page must be what its source makes.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const web = dirname(fileURLToPath(import.meta.url))
const made = mkdtempSync(join(tmpdir(), 'malmoi-page-'))
try {
  const vite = join(web, 'node_modules', 'vite', 'bin', 'vite.js')
  const build = spawnSync(process.execPath, [vite, 'build', '--outDir', made, '--emptyOutDir', '--logLevel', 'warn'], { cwd: web, stdio: 'inherit' })
  if (build.status !== 0) process.exit(1)
  const dist = join(web, 'dist')
  const names = [...new Set([...readdirSync(made), ...readdirSync(dist)])].sort()
  const stale = names.filter((name) => {
    try {
      return !readFileSync(join(made, name)).equals(readFileSync(join(dist, name)))
    } catch {
      return true
    }
  })
  if (stale.length) {
    console.log(`web/dist is not what web/src makes (${stale.join(', ')}); run: cd web && npm ci && npm run build`)
    process.exit(1)
  }
  console.log(`web/dist is current: ${names.join(', ')}`)
} finally {
  rmSync(made, { recursive: true, force: true })
}
