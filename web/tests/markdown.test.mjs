// Markdown and colours of code: what they make of texts, and that a growing text comes to the same as a whole one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Highlighter } from '../src/lib/highlight.js'
import { group_items, MarkdownText, parse_blocks } from '../src/lib/markdown/blocks.js'
import { parse_inline, safe_address } from '../src/lib/markdown/inline.js'

const blocks = (text) => parse_blocks(text.split('\n'))
const types = (text) => blocks(text).map((block) => block.type).join(' ')
/** Nodes in short: **a** is [strong a]. */
const short = (nodes) =>
  nodes.map((node) => (node.type === 'text' ? node.text : node.type === 'break' ? '/' : `[${node.type} ${node.href ? node.href + ' ' : ''}${node.children ? short(node.children) : node.text}]`)).join('')
const inline = (text) => short(parse_inline(text))

test('blocks', () => {
  assert.equal(types('# a\ntext\nmore\n\n- one\n- two\n\n1. x\n\n> q\n\n---\n```js\nlet a\n```\n|a|b|\n|-|:-:|\n|1|2|'), 'heading paragraph item item item quote rule code table')
  assert.deepEqual(blocks('```python\n  a\n\nb'), [{ type: 'code', language: 'python', text: '  a\n\nb', line: 0 }])
  const table = blocks('| a | b\\|c | `x|y` |\n|:--|--:|:-:|\n| 1 |\n')[0]
  assert.deepEqual(table.head, ['a', 'b|c', '`x|y`'])
  assert.deepEqual(table.align, ['', 'right', 'center'])
  assert.deepEqual(table.rows, [['1', '', '']])
})

test('lists are nested, numbered, and can be ticked', () => {
  const [first, second] = blocks('1. a\n   ```\n   code\n   ```\n  - in\n    - deeper\n2) [x] b\nlazy')
  assert.deepEqual(first.blocks.map((block) => block.type), ['paragraph', 'code', 'item'])
  assert.equal(first.blocks[2].blocks[1].blocks[0].text, 'deeper')
  assert.deepEqual([second.number, second.task, second.blocks[0].text], [2, true, 'b\nlazy'])
  assert.equal(group_items(blocks('- a\n- b\n\ntext\n1. c')).map((block) => block.items?.length ?? block.type).join(), '2,paragraph,1')
  assert.equal(types('회의는\n2026. 11. 27. 열립니다'), 'paragraph', 'a date is no list')
})

test('deep nesting comes to an end', () => {
  assert.ok(JSON.stringify(blocks('>'.repeat(5000) + 'x')).length < 20000)
  assert.ok(JSON.stringify(blocks('- '.repeat(5000) + 'x')).length < 20000)
  assert.ok(inline('*a'.repeat(5000)).length > 0)
  assert.ok(inline('['.repeat(20000)).length > 0)
})

test('what was made to be slow is not', () => {
  const long = 60000
  const begin = performance.now()
  for (const piece of ['*', '_a ', '`', '``a`', '[', '[a](', '![', '<http://', '$a', '\\(', '~~', '**a *b ', 'h', 'https://a.b/(', '\n> ', '\n- ', '\n|a', '\n|-|', '\n  - ', '\n```', '\n$$']) {
    const text = piece.repeat(long / piece.length)
    for (const block of blocks(text)) if (block.text) parse_inline(block.text)
    assert.ok(performance.now() - begin < 4000, `${JSON.stringify(piece)}: ${performance.now() - begin} ms`)
  }
})

test('emphasis, also before a Korean particle', () => {
  assert.equal(inline('**"말"**은 *둘* ***셋*** ~~넷~~'), '[strong "말"]은 [em 둘] [strong [em 셋]] [del 넷]')
  assert.equal(inline('**a *b* c** *a **b** c* **a *b***'), '[strong a [em b] c] [em a [strong b] c] [strong a [em b]]')
  assert.equal(inline('snake_case_name 2 * 3 * 4 __b__ **open'), 'snake_case_name 2 * 3 * 4 [strong b] **open')
  assert.equal(inline('a `**b**` ``c`d`` \\*e\\* `f'), 'a [code **b**] [code c`d] *e* `f')
  assert.equal(inline('a  \nb'), 'a/b')
})

test('links open where they may, and are text where they may not', () => {
  assert.equal(inline('[a **b**](https://x.org/(y) "t") ![p](http://x.org/p.png)'), '[link https://x.org/(y) a [strong b]] [link http://x.org/p.png p]')
  assert.equal(inline('보세요 https://x.org/a_b_c. <https://y.org>'), '보세요 [link https://x.org/a_b_c https://x.org/a_b_c]. [link https://y.org/ https://y.org]')
  for (const address of ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x', 'file:///etc/passwd', '/local', 'vbscript:x', '\u0001javascript:x']) {
    assert.equal(safe_address(address), null, address)
    assert.ok(!inline(`[a](${address})`).includes('[link'), address)
  }
  assert.equal(inline('<script>alert(1)</script> <img src=x>'), '<script>alert(1)</script> <img src=x>')
})

test('mathematics stays as it was written', () => {
  assert.equal(inline('$a_1 * b_2$ 와 \\(x*y*z\\) \\[p_q_r\\]'), '[math $a_1 * b_2$] 와 [math \\(x*y*z\\)] [math \\[p_q_r\\]]')
  assert.equal(inline('$5 and $6'), '$5 and $6')
  assert.deepEqual(blocks('$$\n- x\n$$\nend').map((block) => [block.type, block.text]), [['math', '$$\n- x\n$$'], ['paragraph', 'end']])
})

test('a growing text comes to the same as a whole one, and settled blocks stay', () => {
  const pieces = ['# h\n', 'text ', 'more\n', '\n', '- a\n', '  - b\n', '1. c\n', '```\n', '| a | b |\n', '|---|---|\n', '| 1 | 2 |\n', '> q\n', '---\n', '**b** ', '$$\n', '   in\n', '2. d\n']
  let seed = 7
  const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n
  for (let round = 0; round < 300; ++round) {
    let text = ''
    const growing = new MarkdownText()
    for (let i = 0; i < 25; ++i) {
      for (const character of pieces[random(pieces.length)]) {
        text += character
        const strip = (list) => list.map(({ line, ...block }) => block)
        assert.deepEqual(strip(growing.update(text)), strip(blocks(text)), JSON.stringify(text))
      }
    }
  }
  const growing = new MarkdownText()
  const before = growing.update('a\n\nb\n\nc\n\nd')
  const after = growing.update('a\n\nb\n\nc\n\nd and e\n\nf')
  assert.equal(before[0], after[0])
  assert.equal(growing.update('other')[0].text, 'other', 'a text that is another one is read anew')
})

test('a long answer costs what it adds: of all its blocks the last two alone are read anew', () => {
  const growing = new MarkdownText()
  let text = ''
  let before = []
  for (let i = 0; i < 400; ++i) {
    const after = growing.update((text += `문장 ${i} **굵게** 하나.\n\n`))
    assert.equal(after.length, i + 1)
    assert.deepEqual(before.slice(0, -2).map((block, at) => block === after[at]), Array(Math.max(0, i - 2)).fill(true))
    before = after
  }
})

test('code has colours, also over lines, and as it grows', () => {
  const kinds = (name, text) => new Highlighter(name).update(text).map((line) => line.map(([kind, part]) => `${kind || '-'}:${part}`).join('|'))
  assert.deepEqual(kinds('py', 'def f(x): # c\n  return "a\\"b" + 12'), ['word:def|-: f(x): |comment:# c', '-:  |word:return|-: |string:"a\\"b"|-: + |number:12'])
  assert.deepEqual(kinds('cpp', '/* a\nb */ int x;'), ['comment:/* a', 'comment:b */|-: |word:int|-: x;'])
  assert.deepEqual(kinds('diff', '+a\n-b'), ['added:+a', 'removed:-b'])
  assert.deepEqual(kinds('nobody-knows', 'if 1'), ['-:if 1'])
  const growing = new Highlighter('js')
  const first = growing.update('let a\nlet b')[0]
  assert.equal(growing.update('let a\nlet b = `x\ny`')[0], first)
  assert.deepEqual(growing.update('let a\nlet b = `x\ny`')[2], [['string', 'y`']])
})
