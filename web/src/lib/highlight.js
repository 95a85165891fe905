// Colours for code, line by line: comments, strings, numbers, words of the language. Simple on purpose: what is not known is
// plain text, and a line that was read is not read again when others follow.

const words = (text) => new Set(text.split(' '))
const C_STRINGS = ['"', "'"]
const C_LIKE = { line: ['//'], block: ['/*', '*/'], strings: C_STRINGS }
const languages = {
  javascript: { ...C_LIKE, strings: ['"', "'", '`'], words: words('async await break case catch class const continue default delete do else export extends false finally for from function if import in instanceof interface let new null of return static super switch this throw true try type typeof undefined var void while yield enum implements private public readonly') },
  python: { line: ['#'], long: ['"""', "'''"], strings: C_STRINGS, words: words('False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield self') },
  c: { ...C_LIKE, words: words('alignas auto bool break case catch char class concept const constexpr continue co_await co_return co_yield default delete do double else enum explicit extern false final float for friend if inline int int64_t long mutable namespace new noexcept nullptr operator override private protected public return short signed size_t sizeof static struct switch template this throw true try typedef typename union unsigned using virtual void volatile while') },
  java: { ...C_LIKE, words: words('abstract boolean break byte case catch char class const continue data default do double else enum extends false final finally float for fun if implements import in instanceof int interface is long new null object override package private protected public return short static super suspend switch this throw throws true try val var void when while string using namespace foreach') },
  go: { ...C_LIKE, strings: ['"', "'", '`'], words: words('break case chan const continue default defer else fallthrough false for func go goto if import interface map nil package range return select struct switch true type var string int error bool byte') },
  rust: { ...C_LIKE, strings: ['"'], words: words('as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type unsafe use where while i32 i64 u8 u32 u64 usize f32 f64 bool str String Vec Option Result') },
  shell: { line: ['#'], strings: C_STRINGS, words: words('if then else elif fi for in do done while case esac function return export local set unset echo cd exit sudo') },
  sql: { line: ['--'], block: ['/*', '*/'], strings: ["'"], ignore_case: true, words: words('select from where and or not in is null as join left right inner outer on group by order having limit offset insert into values update set delete create table index view drop alter primary key foreign references distinct union all case when then else end count sum avg min max') },
  json: { strings: ['"'], words: words('true false null') },
  yaml: { line: ['#'], strings: C_STRINGS, words: words('true false null yes no') },
  css: { block: ['/*', '*/'], strings: C_STRINGS, words: words('important media import keyframes supports') },
  html: { block: ['<!--', '-->'], strings: C_STRINGS, words: words('html head body div span a p ul ol li table tr td th script style link meta title form input button img h1 h2 h3 section main nav') },
}
const names = { js: 'javascript', jsx: 'javascript', ts: 'javascript', tsx: 'javascript', typescript: 'javascript', svelte: 'javascript', py: 'python', python3: 'python', ruby: 'python', rb: 'python', cpp: 'c', 'c++': 'c', cc: 'c', h: 'c', hpp: 'c', cuda: 'c', kotlin: 'java', kt: 'java', cs: 'java', csharp: 'java', 'c#': 'java', swift: 'java', scala: 'java', php: 'java', golang: 'go', rs: 'rust', sh: 'shell', bash: 'shell', zsh: 'shell', console: 'shell', toml: 'yaml', yml: 'yaml', ini: 'yaml', xml: 'html', vue: 'html', jsonl: 'json', json5: 'json', scss: 'css', postgresql: 'sql', mysql: 'sql' }

const TOKEN = /[\p{L}_$][\p{L}\p{N}_$]*|\d[\w.]*|\s+|./gu

function string_end(line, from, quote) {
  for (let i = from; i < line.length; ++i) {
    if (line[i] === '\\') ++i
    else if (line.startsWith(quote, i)) return i + quote.length
  }
  return -1
}

// What begins at a place of a line: [kind, where it ends in this line, what closes it in a later one].
function begins(language, line, at) {
  const starts = (mark) => mark && line.startsWith(mark, at)
  const until = (kind, mark, close) => {
    const end = kind === 'comment' ? line.indexOf(close, at + mark.length) : string_end(line, at + mark.length, close)
    if (end < 0) return [kind, line.length, { kind, close }]
    return [kind, kind === 'comment' ? end + close.length : end, null]
  }
  for (const mark of language.line ?? []) if (starts(mark)) return ['comment', line.length, null]
  if (starts(language.block?.[0])) return until('comment', ...language.block)
  for (const mark of language.long ?? []) if (starts(mark)) return until('string', mark, mark)
  for (const mark of language.strings ?? []) {
    if (!starts(mark)) continue
    const [kind, end, open] = until('string', mark, mark)
    return [kind, end, mark === '`' ? open : null]
  }
  return null
}

/** A line as [[kind, text], ...], and what is still open at its end. Kinds: '', comment, string, number, word. */
function read_line(language, line, open) {
  const parts = []
  const add = (kind, text) => {
    if (!text) return
    if (parts.at(-1)?.[0] === kind) parts.at(-1)[1] += text
    else parts.push([kind, text])
  }
  let at = 0
  if (open) {
    const found = open.kind === 'comment' ? line.indexOf(open.close) : string_end(line, 0, open.close)
    if (found < 0) return [[[open.kind, line]], open]
    at = open.kind === 'comment' ? found + open.close.length : found
    add(open.kind, line.slice(0, at))
  }
  while (at < line.length) {
    const begun = begins(language, line, at)
    if (begun) {
      add(begun[0], line.slice(at, begun[1]))
      at = begun[1]
      if (begun[2]) return [parts, begun[2]]
      continue
    }
    TOKEN.lastIndex = at
    const token = TOKEN.exec(line)?.[0] ?? line[at]
    const word = language.ignore_case ? token.toLowerCase() : token
    add(language.words.has(word) ? 'word' : /^\d/.test(token) ? 'number' : '', token)
    at += token.length
  }
  return [parts, null]
}

function read_diff(line) {
  const kind = line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : line.startsWith('@@') ? 'comment' : ''
  return [line ? [[kind, line]] : [], null]
}

/** The lines of a text that grows, each [[kind, text], ...]; lines that were whole before stay the same objects. */
export class Highlighter {
  #language
  #lines = []
  #after = [] // what is open at the end of each line
  #texts = []

  constructor(name) {
    const language = languages[names[name] ?? name]
    const read = name === 'diff' ? read_diff : language && ((line, open) => read_line(language, line, open))
    this.#language = read || ((line) => [line ? [['', line]] : [], null])
  }

  update(text) {
    const texts = text.split('\n')
    let same = 0
    while (same < texts.length && same < this.#texts.length && texts[same] === this.#texts[same]) ++same
    const lines = this.#lines.slice(0, same)
    const after = this.#after.slice(0, same)
    for (let i = same; i < texts.length; ++i) {
      const [parts, open] = this.#language(texts[i], i ? after[i - 1] : null)
      lines.push(parts)
      after.push(open)
    }
    this.#texts = texts
    this.#after = after
    return (this.#lines = lines)
  }
}
