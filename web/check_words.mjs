// Every words.js has the same keys in Korean and English, with the same {names} to fill in, and nothing empty.
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const source = join(dirname(fileURLToPath(import.meta.url)), 'src')
const files = readdirSync(source, { recursive: true }).filter((name) => /(^|\/)words\.js$/.test(name)).map((name) => join(source, name))
const filled = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort().join()
const problems = []
for (const file of files) {
  const { ko, en } = (await import(pathToFileURL(file))).default
  for (const key of new Set([...Object.keys(ko), ...Object.keys(en)])) {
    if (!ko[key] || !en[key]) problems.push(`${file}: ${key} is missing or empty in ${ko[key] ? 'English' : 'Korean'}`)
    else if (filled(ko[key]) !== filled(en[key])) problems.push(`${file}: ${key} has other names to fill in`)
  }
}
if (!files.length) problems.push('no words.js found')
for (const problem of problems) console.log(problem)
if (problems.length) process.exit(1)
console.log(`${files.length} files of words have the same keys in both languages`)
