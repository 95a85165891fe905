// Files as context: plain text is read in the browser, documents by the server, and both stand before the question as text.

const LARGEST = 2 * 1024 * 1024 // bytes of text: requests may have 8 MiB, and JSON makes some characters longer
// What the server's readers turn into text, by the ends of names; what they refuse they know the way out for.
const DOCUMENT =
  /\.(pdf|docx?|docm|dot[xm]|xlsx?|xls[mb]|xlt[xm]|pptx?|pptm|pps[xm]|potx|f?od[tspg]|ot[tsp]|hwpx?|hwtx?|epub|rtf|x?html?|mhtml|emlx?|mbox|mbx|warc|wet|rss|atom|zip|7z|tar|tgz|gz|bz2|xz|zst)$/i
const HEAD = 1024 // bytes that tell a document without such a name

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

const begins_with = (bytes, text) => [...text].every((letter, i) => bytes[i] === letter.charCodeAt(0))

async function is_document(file) {
  if (DOCUMENT.test(file.name)) return true
  const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer())
  return begins_with(head, '%PDF-') || begins_with(head, 'PK\x03\x04')
}

// Codes of the server that the page has words for.
const TOLD = ['document_without_text', 'document_locked', 'document_too_large', 'unsupported_document', 'not_a_document', 'unreadable_document', 'body_too_large', 'unknown_url']
// Those whose words leave open what exactly is wrong.
const SAID_MORE = ['unsupported_document', 'unreadable_document', 'failed']

function refusal_of(error, name) {
  const refused = !error.status ? 'offline' : TOLD.includes(error.code) ? error.code : 'failed'
  const why = error.message.startsWith(name + ': ') ? error.message.slice(name.length + 2) : error.message
  return SAID_MORE.includes(refused) ? { refused, why } : { refused }
}

/**
 * What a file says: {text}, of documents also {title, pages, unread}, or {refused}: 'large', 'long', 'gone', 'offline', 'failed' or
 * a code of the server, some with `why` in the server's words. `extract(file)` asks the server.
 */
export async function read_file(file, extract) {
  let by_server
  try {
    by_server = await is_document(file)
    if (!by_server) {
      if (file.size > LARGEST) return { refused: 'large' }
      const text = decode(new Uint8Array(await file.arrayBuffer()))
      if (text !== null) return { text }
    }
  } catch {
    return { refused: 'gone' } // a folder, or a file that was moved
  }
  let told
  try {
    told = await extract(file)
  } catch (error) {
    return refusal_of(error, file.name)
  }
  const { text, title, pages, unread_count } = told
  if (new TextEncoder().encode(text).length > LARGEST) return { refused: 'long' }
  return { text, ...(title && { title }), ...(pages && { pages }), ...(unread_count && { unread: unread_count }) }
}

/** A question with files before it, as the model reads it. The fence is longer than any in the file. */
export function with_files(content, files = []) {
  const parts = files.map(({ name, title, text }) => {
    const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map((run) => run[0].length))
    const fence = '`'.repeat(longest + 1)
    return `${name}${title ? ` — ${title}` : ''}\n${fence}\n${text.replace(/\n$/, '')}\n${fence}`
  })
  return [...parts, content].filter(Boolean).join('\n\n')
}

const SAMPLE = 20000 // characters that are counted in tokens; what is longer has as many for each character

/** How many tokens a text has: {tokens, about}. `count(text)` asks the server; null where it does not say. */
export async function estimate_tokens(text, count) {
  const sample = text.slice(0, SAMPLE).replace(/[\uD800-\uDBFF]$/, '') // no half of a character
  try {
    const tokens = await count(sample)
    if (sample.length === text.length) return { tokens, about: false }
    return { tokens: Math.round((tokens * text.length) / sample.length), about: true }
  } catch {
    return { tokens: null, about: false } // the server says why when the question is sent
  }
}
