// The inside of a paragraph: emphasis, code, links, line breaks, and mathematics, which stays text. Plain data comes out.
// Emphasis ends wherever no space stands before it: in Korean a particle follows at once (**"말"**은), which CommonMark's rules
// take for no end.

const DEEPEST = 12
const SAFE = new Set(['http:', 'https:', 'mailto:'])
const LINK = /!?\[((?:[^[\]\\]|\\.|\[[^[\]]{0,300}\]){0,500})\]\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/y
const ANGLE = /<((?:https?:\/\/|mailto:)[^\s<>]+)>/y
const BARE = /https?:\/\/[^\s<>"'`\u3000-\u303f\uff00-\uffef]+/y
const SPECIAL = /[\\`*_~[!<$\nh]/g
const ESCAPABLE = /[!-/:-@[-`{-~]/
const WORD = /[\p{L}\p{N}]/u

/** An address that a link may lead to; null where it may not: scripts, files, what has no host. */
export function safe_address(text) {
  try {
    const url = new URL(text)
    return SAFE.has(url.protocol) ? url.href : null
  } catch {
    return null
  }
}

class Reader {
  #text
  #missing = new Set() // marks that do not come again: looked for only once

  constructor(text) {
    this.#text = text
  }

  #find(mark, from) {
    if (this.#missing.has('text ' + mark)) return -1
    const at = this.#text.indexOf(mark, from)
    if (at < 0) this.#missing.add('text ' + mark)
    return at
  }

  // Where the code that begins with the run of ticks at `at` ends: [start of the closing run, its length].
  #code_end(at) {
    const ticks = this.#text.slice(at).match(/^`+/)[0].length
    if (this.#missing.has('`' + ticks)) return null
    for (let i = at + ticks; (i = this.#text.indexOf('`', i)) >= 0; ) {
      let end = i
      while (this.#text[end] === '`') ++end
      if (end - i === ticks) return [i, ticks]
      i = end
    }
    this.#missing.add('`' + ticks)
    return null
  }

  #mark_end(from, mark) {
    if (this.#missing.has(mark)) return -1
    const text = this.#text
    for (let i = from; i < text.length; ++i) {
      if (text[i] === '\\') ++i
      else if (text[i] === '`') {
        const code = this.#code_end(i)
        if (code) i = code[0] + code[1] - 1
        else while (text[i + 1] === '`') ++i
      } else if (text[i] === mark[0]) {
        let end = i
        while (text[end] === mark[0]) ++end
        const fits = mark.length === 1 ? end - i !== 2 : end - i >= mark.length
        const ends_word = mark[0] !== '_' || !WORD.test(text[end] ?? ' ')
        if (fits && ends_word && i > from && /\S/.test(text[i - 1])) return end - mark.length
        i = end - 1
      }
    }
    this.#missing.add(mark)
    return -1
  }

  // [node, where it ends] of what begins at `at`, or null: then the character is text.
  #special(at, depth) {
    const text = this.#text
    const rest = (pattern) => {
      pattern.lastIndex = at
      return pattern.exec(text)
    }
    switch (text[at]) {
      case '\n':
        return [{ type: 'break' }, at + 1]
      case '\\':
        return this.#escape(at)
      case '$':
        return this.#math(at)
      case '`': {
        const code = this.#code_end(at)
        if (!code) return null
        const inner = text.slice(at + code[1], code[0]).replace(/\n/g, ' ')
        return [{ type: 'code', text: /^ .*[^ ].* $/.test(inner) ? inner.slice(1, -1) : inner }, code[0] + code[1]]
      }
      case '<': {
        const found = rest(ANGLE)
        return found && this.#link(found[1], [{ type: 'text', text: found[1] }], at + found[0].length)
      }
      case 'h': {
        if (WORD.test(text[at - 1] ?? ' ')) return null
        const found = rest(BARE)
        if (!found) return null
        const address = found[0].replace(/[.,:;!?)\]}*_~]+$/, '')
        return this.#link(address, [{ type: 'text', text: address }], at + address.length)
      }
      case '!':
      case '[': {
        if (depth >= DEEPEST || (text[at] === '!' && text[at + 1] !== '[')) return null
        const found = rest(LINK)
        // A picture is a link to it: the page asks no other server for anything.
        return found && this.#link(found[2], parse_inline(found[1] || found[2], depth + 1, true), at + found[0].length)
      }
      default:
        return this.#emphasis(at, depth)
    }
  }

  #link(address, children, end) {
    const href = safe_address(address)
    return href ? [{ type: 'link', href, children }, end] : null
  }

  #escape(at) {
    const text = this.#text
    const closing = { '(': '\\)', '[': '\\]' }[text[at + 1]]
    const end = closing ? this.#find(closing, at + 2) : -1
    if (end >= 0) return [{ type: 'math', text: text.slice(at, end + 2) }, end + 2]
    if (text[at + 1] === '\n') return [{ type: 'break' }, at + 2]
    return ESCAPABLE.test(text[at + 1] ?? '') ? [{ type: 'text', text: text[at + 1] }, at + 2] : null
  }

  // `$5 and $6` are prices: a formula has no space inside its marks, and no digit behind them.
  #math(at) {
    const text = this.#text
    const mark = text[at + 1] === '$' ? '$$' : '$'
    const end = this.#find(mark, at + mark.length)
    if (end <= at + mark.length) return null
    const inner = text.slice(at + mark.length, end)
    const is_price = mark === '$' && (/^\s|\s$|\n/.test(inner) || /\d/.test(text[end + 1] ?? ''))
    return is_price ? null : [{ type: 'math', text: text.slice(at, end + mark.length) }, end + mark.length]
  }

  #emphasis(at, depth) {
    const text = this.#text
    if (depth >= DEEPEST) return null
    let run = at
    while (text[run] === text[at]) ++run
    const length = Math.min(run - at, 3)
    if (text[at] === '~' && length !== 2) return null
    if (!/\S/.test(text[run] ?? ' ') || (text[at] === '_' && WORD.test(text[at - 1] ?? ' '))) return null
    const mark = text[at].repeat(length)
    const end = this.#mark_end(at + length, mark)
    if (end < 0) return null
    const children = parse_inline(text.slice(at + length, end), depth + 1)
    const type = text[at] === '~' ? 'del' : length === 1 ? 'em' : 'strong'
    return [{ type, children: length === 3 ? [{ type: 'em', children }] : children }, end + length]
  }

  nodes(depth, in_link) {
    const text = this.#text
    const out = []
    let plain = ''
    for (let at = 0; at < text.length; ) {
      SPECIAL.lastIndex = at
      const next = SPECIAL.exec(text)?.index ?? text.length
      plain += text.slice(at, next)
      at = next
      if (at >= text.length) break
      const found = in_link && 'h<[!'.includes(text[at]) ? null : this.#special(at, depth)
      if (found && found[0].type !== 'text') {
        if (plain) out.push({ type: 'text', text: found[0].type === 'break' ? plain.trimEnd() : plain })
        plain = ''
        out.push(found[0])
      } else {
        // A run that is no mark is text as a whole: its middle must not be taken for the beginning of one.
        const run = found ? found[0].text : '*_~`'.includes(text[at]) ? text.slice(at).match(/^(.)\1*/)[0] : text[at]
        plain += run
        if (!found) at += run.length
      }
      if (found) at = found[1]
    }
    if (plain) out.push({ type: 'text', text: plain })
    return out
  }
}

export function parse_inline(text, depth = 0, in_link = false) {
  return new Reader(text).nodes(depth, in_link)
}
