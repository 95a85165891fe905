// Conversations as files: JSON that can be read again, Markdown for people. What is read is foreign: it is checked field by
// field, and nothing else of it is kept.
import { new_conversation, new_id, path_of, title_of, with_node } from './tree.js'

const FORMAT = 'malmoi-conversations'
const ROLES = ['user', 'assistant', 'tool']

export function to_json(conversations) {
  return JSON.stringify({ format: FORMAT, version: 1, conversations }, null, 2)
}

/** The messages that are shown. `names`: what the roles are called. */
export function to_markdown(conversation, names) {
  const parts = ['# ' + (conversation.title || names.untitled)]
  if (conversation.system.trim()) parts.push(`## ${names.system}`, conversation.system.trim())
  for (const { node } of path_of(conversation)) {
    parts.push(`## ${names[node.role]}`)
    for (const file of node.files ?? []) parts.push(`*${file.name}*`)
    if (node.reasoning) parts.push(`<details><summary>${names.reasoning}</summary>\n\n${node.reasoning}\n\n</details>`)
    if (node.content) parts.push(node.content)
    for (const call of node.calls ?? []) parts.push('```json\n' + JSON.stringify({ name: call.name, arguments: call.arguments }) + '\n```')
  }
  return parts.join('\n\n') + '\n'
}

const text = (value) => (typeof value === 'string' ? value : '')
const number = (value, fallback) => (Number.isFinite(value) ? value : fallback)
const is_object = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
// A name of our own making: no 'constructor', no '__proto__'.
const is_name = (value) => typeof value === 'string' && /^n[a-z0-9]{1,63}$/.test(value)

function read_calls(calls) {
  return calls.filter(is_object).map((call) => ({ id: text(call.id), name: text(call.name ?? call.function?.name), arguments: text(call.arguments ?? call.function?.arguments) }))
}

function read_node(node) {
  if (!is_object(node) || !is_name(node.id) || !ROLES.includes(node.role)) return null
  if (node.parent !== null && !is_name(node.parent)) return null
  const read = { id: node.id, parent: node.parent, role: node.role, content: text(node.content), time: number(node.time, 0) }
  for (const name of ['reasoning', 'model', 'label', 'group', 'finish', 'call', 'name']) if (text(node[name])) read[name] = node[name]
  if (Array.isArray(node.files)) read.files = node.files.filter(is_object).map((file) => ({ name: text(file.name), ...(text(file.title) && { title: file.title }), text: text(file.text), tokens: number(file.tokens, 0) }))
  if (Array.isArray(node.calls)) read.calls = read_calls(node.calls)
  if (is_object(node.stats)) read.stats = Object.fromEntries(['count', 'rate', 'first', 'prompt'].map((name) => [name, number(node.stats[name], 0)]))
  return read
}

/** A conversation that was kept or written to a file; null where it is none. What hangs on nothing is left out. */
export function read_conversation(value) {
  if (!is_object(value) || !is_object(value.nodes)) return null
  const nodes = {}
  // A message stands behind the one that it follows, so that no circle can be: what comes too early is left out.
  for (const node of Object.values(value.nodes).map(read_node)) {
    if (node && (node.parent === null || Object.hasOwn(nodes, node.parent)) && !Object.hasOwn(nodes, node.id)) nodes[node.id] = node
  }
  const chosen = {}
  for (const [parent, child] of Object.entries(is_object(value.chosen) ? value.chosen : {})) {
    if ((parent === 'root' || Object.hasOwn(nodes, parent)) && Object.hasOwn(nodes, child)) chosen[parent] = child
  }
  const fresh = new_conversation(text(value.system))
  const title = title_of(text(value.title))
  return { ...fresh, id: is_name(value.id) ? value.id : fresh.id, title, named: value.named === true, created: number(value.created, fresh.created), updated: number(value.updated, fresh.updated), nodes, chosen }
}

/** A list of messages as OpenAI's requests have them. */
function read_messages(messages) {
  let conversation = new_conversation()
  let parent = null
  for (const message of messages.filter(is_object)) {
    if (['system', 'developer'].includes(message.role)) conversation.system = [conversation.system, text(message.content)].filter(Boolean).join('\n\n')
    if (!ROLES.includes(message.role)) continue
    const node = { id: new_id(), parent, role: message.role, content: text(message.content), time: Date.now() }
    if (text(message.reasoning_content)) node.reasoning = message.reasoning_content
    if (text(message.tool_call_id)) node.call = message.tool_call_id
    if (Array.isArray(message.tool_calls)) node.calls = read_calls(message.tool_calls)
    conversation = with_node(conversation, node)
    parent = node.id
  }
  return parent ? conversation : null
}

/** The conversations of a file: ours, or `{"messages": [...]}`; an empty list where it holds none. They get new names. */
export function from_json(source) {
  let value
  try {
    value = JSON.parse(source)
  } catch {
    return []
  }
  const list = is_object(value) && Array.isArray(value.conversations) ? value.conversations : [value]
  const read = list.map((entry) => (Array.isArray(entry?.messages) ? read_messages(entry.messages) : read_conversation(entry)))
  return read.filter((entry) => entry && Object.keys(entry.nodes).length).map((entry) => ({ ...entry, id: new_id() }))
}
