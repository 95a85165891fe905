// Files as context: read in the browser, put before the question as text.

const LARGEST = 2 * 1024 * 1024 // bytes: requests may have 8 MiB, and JSON makes some characters longer
// What only a program with readers for it could turn into text.
const OFFICE = /\.(pdf|docx?|xlsx?|pptx?|hwpx?|odt|ods|odp|rtf|epub)$/i

const strict = new TextDecoder('utf-8', { fatal: true })
const wide = new TextDecoder('utf-16le', { fatal: true })
// The older encoding of Korean files, with what Windows added to it.
const korean = new TextDecoder('euc-kr', { fatal: true })

/** Bytes as text: UTF-8, UTF-16 by its mark, or CP949; null where they are none. */
export function decode(bytes) {
  const decoders = bytes[0] === 0xff && bytes[1] === 0xfe ? [wide] : [strict, korean]
  for (const decoder of decoders) {
    try {
      const text = decoder.decode(bytes)
      return text.includes('\0') ? null : text.replace(/\r\n?/g, '\n')
    } catch {
      // another one
    }
  }
  return null
}

/** {name, text} of a file, or {name, refused}: 'office', 'large', 'binary'. */
export async function read_file(file) {
  if (OFFICE.test(file.name)) return { name: file.name, refused: 'office' }
  if (file.size > LARGEST) return { name: file.name, refused: 'large' }
  const text = decode(new Uint8Array(await file.arrayBuffer()))
  return text === null ? { name: file.name, refused: 'binary' } : { name: file.name, text }
}

/** A question with files before it, as the model reads it. The fence is longer than any in the file. */
export function with_files(content, files = []) {
  const parts = files.map(({ name, text }) => {
    const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map((run) => run[0].length))
    const fence = '`'.repeat(longest + 1)
    return `${name}\n${fence}\n${text.replace(/\n$/, '')}\n${fence}`
  })
  return [...parts, content].filter(Boolean).join('\n\n')
}
