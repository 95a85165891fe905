// Tokens to what can be shown: a token of byte-level vocabularies may be a part of a character, so that a chip is the
// shortest run of tokens whose bytes are whole characters.

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenient = new TextDecoder('utf-8', { ignoreBOM: true })

/** Whether bytes end inside a character that more bytes could complete. */
function is_unfinished(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); ++back) {
    const byte = bytes[bytes.length - back]
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 && byte < 0xf5 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1
    return byte < 0xf5 && length > back
  }
  return false
}

/** Adds a token {id, bytes, logprob, chance, top_logprobs} to a list of chips {text, tokens, open}. */
export function add_token(chips, token) {
  const last = chips.at(-1)
  const chip = last?.open ? last : { text: '', tokens: [], open: false }
  chip.tokens.push(token)
  const bytes = new Uint8Array(chip.tokens.flatMap((t) => t.bytes))
  chip.open = is_unfinished(bytes)
  chip.text = lenient.decode(bytes)
  if (chip === last) chips[chips.length - 1] = chip
  else chips.push(chip)
}

export function show_bytes(bytes) {
  return '⟨' + bytes.map((b) => b.toString(16).toUpperCase().padStart(2, '0')).join(' ') + '⟩'
}

// The least and the greatest character that begins with these bytes. Of a range that holds Hangul syllables only those
// are named: what a Korean text means by it.
function characters_from(bytes) {
  const length = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2
  const bounds = { 0xe0: [0xa0, 0xbf], 0xed: [0x80, 0x9f], 0xf0: [0x90, 0xbf], 0xf4: [0x80, 0x8f] }[bytes[0]] ?? [0x80, 0xbf]
  const fill = (side) => {
    const all = [...bytes]
    while (all.length < length) all.push(all.length === 1 ? bounds[side] : [0x80, 0xbf][side])
    return lenient.decode(new Uint8Array(all)).codePointAt(0)
  }
  const [low, high] = [fill(0), fill(1)]
  const korean = high >= 0xac00 && low <= 0xd7a3
  return korean ? [Math.max(low, 0xac00), Math.min(high, 0xd7a3)] : [low, high]
}

const visible = (text) => text.replace(/ /g, '␣').replace(/\n/g, '↵').replace(/\t/g, '⇥').replace(/\r/g, '␍')

/** How a lone token is written: its text, or its bytes where they are no whole characters; white space made visible. */
export function show_token(token) {
  if (token.bytes.length === 0) return token.token || '∅'
  try {
    return visible(strict.decode(new Uint8Array(token.bytes)))
  } catch {
    return show_bytes(token.bytes)
  }
}

/**
 * What a token says to a reader, after the bytes of a character that was begun: {text, part, bytes}. `part`: 'begins' (it
 * ends inside a character: the text names the least and the greatest that it can become), 'ends' (it completes the
 * character that was begun: the text is that), '' (whole characters) or 'bytes' (no text at all).
 */
export function describe(token, begun = []) {
  if (token.bytes.length === 0) return { text: token.token || '∅', part: '', bytes: '' }
  const all = [...begun, ...token.bytes]
  const bytes = show_bytes(token.bytes)
  try {
    const text = visible(strict.decode(new Uint8Array(all)))
    return { text, part: begun.length ? 'ends' : '', bytes: begun.length ? bytes : '' }
  } catch {
    // not whole
  }
  if (!is_unfinished(all)) return begun.length ? describe(token) : { text: bytes, part: 'bytes', bytes: '' }
  let start = all.length - 1
  while ((all[start] & 0xc0) === 0x80) --start
  try {
    const whole = visible(strict.decode(new Uint8Array(all.slice(0, start))))
    const [low, high] = characters_from(all.slice(start)).map((point) => String.fromCodePoint(point))
    return { text: whole + low + '–' + high, part: 'begins', bytes }
  } catch {
    return { text: bytes, part: 'bytes', bytes: '' }
  }
}

/** The text of a token if it is whole characters, else null. */
export function text_of(token) {
  try {
    return token.bytes.length ? strict.decode(new Uint8Array(token.bytes)) : null
  } catch {
    return null
  }
}

const bytes_of = (tokens) => tokens.flatMap((token) => token.bytes)

// The tokens of one chip. Those that are whole characters by themselves have no part in another.
function name_parts(tokens) {
  const whole = tokens.length > 1 ? (text_of({ bytes: bytes_of(tokens) }) ?? '') : ''
  return tokens.map((token, i) => {
    const is_part = token.bytes.length > 0 && text_of(token) === null
    return { text: show_token(token), is_part, whole: is_part ? whole : '', ends: is_part && whole !== '' && i === tokens.length - 1 }
  })
}

/**
 * What tokens that stand one behind the other are called, each: {text, is_part, whole, ends}. Of a part of a character
 * (`is_part`) the text is its bytes, `whole` what it makes together with its neighbours ('': nothing), and `ends` whether it
 * is the last of them. Tokens have `bytes`; an answer without any has `text`.
 */
export function name_tokens(tokens) {
  const chips = []
  for (const token of tokens) add_token(chips, token.bytes ? token : { ...token, bytes: [...new TextEncoder().encode(token.text)] })
  return chips.flatMap((chip) => name_parts(chip.tokens))
}

/** A name on one line: with the characters behind the last of their parts. */
export const label_of = ({ text, whole, ends }) => (ends ? text + '=' + whole : text)

/** A chip as it is written where it stands alone: bytes in place of what is no character. */
export function show_chip(chip) {
  return text_of({ bytes: bytes_of(chip.tokens) }) ?? chip.tokens.map(show_token).join('')
}

/** The bytes of a character that tokens begin and do not end. */
export function begun_by(tokens) {
  const chips = []
  for (const token of tokens) add_token(chips, token)
  return chips.at(-1)?.open ? bytes_of(chips.at(-1).tokens) : []
}

/** 0 (surprising) to 4 (expected). */
export function level(probability) {
  return probability >= 0.8 ? 4 : probability >= 0.5 ? 3 : probability >= 0.2 ? 2 : probability >= 0.05 ? 1 : 0
}

export function percent(probability) {
  const p = 100 * probability
  return (p >= 99.95 ? '100' : p >= 10 ? p.toFixed(1) : p >= 0.01 || p === 0 ? p.toFixed(2) : '<0.01') + '%'
}
