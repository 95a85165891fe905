// Markdown to blocks, as language models write it: headings, paragraphs, lists, tables, quotes, fenced code, rules, blocks of
// mathematics (kept as they are). Plain data comes out; parts/Markdown.svelte makes elements of it. HTML is text.
// Unlike CommonMark a line of dashes is always a rule, and each item of a list is a block: so what was read before the last
// two blocks can never change, whatever text follows.

const DEEPEST = 12 // quotes and lists within each other; what is nested deeper is text

const FENCE = /^( {0,3})(`{3,}|~{3,})[ \t]*([^`]*)$/
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$/
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/
const QUOTE = /^ {0,3}> ?/
// Up to three digits: '2026. 11. 27.' is a date.
const ITEM = /^( {0,3})([-*+]|\d{1,3}[.)])(?:([ \t]+)(.*)|)$/
const TASK = /^\[([ xX])\][ \t]+/
const DELIMITERS = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/
const MATH = { $$: '$$', '\\[': '\\]' }

const is_blank = (line) => line.trim() === ''
const indent_of = (line) => line.replace(/\t/g, '    ').match(/^ */)[0].length

/** The cells of a row of a table; `\|` and a bar within code are no borders. */
function cells_of(line) {
  const text = line.trim().replace(/^\|/, '')
  const cells = []
  let cell = ''
  let in_code = false
  for (let i = 0; i < text.length; ++i) {
    if (text[i] === '\\' && text[i + 1] === '|') cell += text[++i]
    else if (text[i] === '|' && !in_code) {
      cells.push(cell.trim())
      cell = ''
    } else {
      if (text[i] === '`') in_code = !in_code
      cell += text[i]
    }
  }
  if (cell.trim()) cells.push(cell.trim())
  return cells
}

function begins_table(lines, at) {
  if (at + 1 >= lines.length || !lines[at].includes('|') || !DELIMITERS.test(lines[at + 1])) return false
  return cells_of(lines[at]).length === cells_of(lines[at + 1]).length
}

const begins_math = (line) => Object.hasOwn(MATH, line.trim())

/** Whether a line ends the paragraph before it. A numbered item does so only with 1: other numbers begin lines of prose. */
function interrupts(lines, at) {
  const line = lines[at]
  if (FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || begins_math(line)) return true
  const item = line.match(ITEM)
  if (item?.[4] && (/[-*+]/.test(item[2]) || /^1[.)]/.test(item[2]))) return true
  return begins_table(lines, at)
}

function read_fence(lines, at) {
  const [, indent, fence, info] = lines[at].match(FENCE)
  const closing = new RegExp(`^ {0,3}${fence[0]}{${fence.length},}[ \\t]*$`)
  let end = at + 1
  while (end < lines.length && !closing.test(lines[end])) ++end
  const strip = new RegExp(`^ {0,${indent.length}}`)
  const text = lines.slice(at + 1, end).map((line) => line.replace(strip, '')).join('\n')
  return [{ type: 'code', language: info.trim().split(/\s+/)[0].toLowerCase(), text }, Math.min(end + 1, lines.length)]
}

function read_math(lines, at) {
  const closing = MATH[lines[at].trim()]
  let end = at + 1
  while (end < lines.length && !lines[end].trimEnd().endsWith(closing)) ++end
  const next = Math.min(end + 1, lines.length)
  return [{ type: 'math', text: lines.slice(at, next).join('\n') }, next]
}

function read_table(lines, at) {
  const align = cells_of(lines[at + 1]).map((cell) => (/^:-+:$/.test(cell) ? 'center' : /-:$/.test(cell) ? 'right' : ''))
  const rows = []
  let end = at + 2
  for (; end < lines.length && lines[end].includes('|') && !is_blank(lines[end]); ++end) {
    const cells = cells_of(lines[end])
    rows.push(align.map((_, column) => cells[column] ?? ''))
  }
  return [{ type: 'table', align, head: cells_of(lines[at]), rows }, end]
}

function read_quote(lines, at, depth) {
  const inner = []
  let end = at
  for (; end < lines.length && !is_blank(lines[end]); ++end) {
    if (QUOTE.test(lines[end])) inner.push(lines[end].replace(QUOTE, ''))
    else if (interrupts(lines, end)) break
    else inner.push(lines[end])
  }
  return [{ type: 'quote', blocks: parse_blocks(inner, depth + 1) }, end]
}

function read_item(lines, at, depth) {
  const [, before, marker, space = '', first = ''] = lines[at].match(ITEM)
  // Models indent by two under any marker: then that, and not the marker's width, is what the inside is moved by.
  const least = before.length + 2
  let width = before.length + marker.length + (space.length > 4 ? 1 : Math.max(1, space.length))
  const inner = [first]
  let end = at + 1
  for (; end < lines.length; ++end) {
    const line = lines[end]
    const indent = indent_of(line)
    if (is_blank(line)) {
      const next = lines.slice(end, end + 3).find((other) => !is_blank(other))
      if (next === undefined || indent_of(next) < least) break
      inner.push('')
    } else if (indent >= least) {
      width = Math.min(width, indent)
      inner.push(' '.repeat(indent - width) + line.trimStart())
    } else if (is_blank(lines[end - 1]) || ITEM.test(line) || interrupts(lines, end)) break
    else inner.push(line.trimStart())
  }
  const task = first.match(TASK)
  if (task) inner[0] = first.slice(task[0].length)
  const ordered = /\d/.test(marker)
  return [{ type: 'item', ordered, number: ordered ? parseInt(marker, 10) : 0, task: task ? task[1] !== ' ' : null, blocks: parse_blocks(inner, depth + 1) }, end]
}

function read_paragraph(lines, at) {
  let end = at + 1
  while (end < lines.length && !is_blank(lines[end]) && !interrupts(lines, end)) ++end
  return [{ type: 'paragraph', text: lines.slice(at, end).map((line) => line.trimStart()).join('\n') }, end]
}

function read_block(lines, at, depth) {
  const line = lines[at]
  if (FENCE.test(line)) return read_fence(lines, at)
  if (begins_math(line)) return read_math(lines, at)
  const heading = line.match(HEADING)
  if (heading) return [{ type: 'heading', level: heading[1].length, text: heading[2] ?? '' }, at + 1]
  if (RULE.test(line)) return [{ type: 'rule' }, at + 1]
  if (depth < DEEPEST && QUOTE.test(line)) return read_quote(lines, at, depth)
  if (depth < DEEPEST && ITEM.test(line)) return read_item(lines, at, depth)
  if (begins_table(lines, at)) return read_table(lines, at)
  return read_paragraph(lines, at)
}

/** The blocks of lines, each with `line`, where it begins. */
export function parse_blocks(lines, depth = 0) {
  const blocks = []
  for (let at = 0; at < lines.length; ) {
    if (is_blank(lines[at])) {
      ++at
      continue
    }
    const [block, next] = read_block(lines, at, depth)
    blocks.push({ ...block, line: at })
    at = next
  }
  return blocks
}

/** A text that grows: only its last two blocks are read again, the others stay the same objects. */
export class MarkdownText {
  #text = ''
  #settled = [] // blocks that no further text can change
  #offset = 0 // where the rest begins

  update(text) {
    if (!text.startsWith(this.#text)) {
      this.#settled = []
      this.#offset = 0
    }
    this.#text = text
    const lines = text.slice(this.#offset).split('\n')
    const tail = parse_blocks(lines)
    const open = tail.slice(-2)
    if (tail.length > 2) {
      this.#settled = [...this.#settled, ...tail.slice(0, -2)]
      this.#offset += lines.slice(0, open[0].line).reduce((sum, line) => sum + line.length + 1, 0)
    }
    return [...this.#settled, ...open]
  }
}

/** Blocks with neighbouring items of one kind put together: {type: 'list', ordered, items}. */
export function group_items(blocks) {
  const out = []
  for (const block of blocks) {
    const last = out.at(-1)
    if (block.type !== 'item') out.push(block)
    else if (last?.type === 'list' && last.ordered === block.ordered) last.items.push(block)
    else out.push({ type: 'list', ordered: block.ordered, items: [block] })
  }
  return out
}
