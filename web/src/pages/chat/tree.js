// A conversation as a tree: every message has one before it, several may follow one (branches), and one of them is chosen.
// Conversations are values: each function gives a new one and leaves the old as it was.

let made = 0

/** A name that is used once. crypto.randomUUID is missing where the page is not served from this machine or by https. */
export function new_id() {
  const [random] = crypto.getRandomValues(new Uint32Array(1))
  return 'n' + Date.now().toString(36) + (++made).toString(36) + random.toString(36)
}

const ROOT = 'root'
const key_of = (parent) => parent ?? ROOT

export function new_conversation(system = '') {
  const now = Date.now()
  return { id: new_id(), title: '', named: false, created: now, updated: now, system, nodes: {}, chosen: {} }
}

/** The messages behind each message, in the order in which they came. */
function followers(conversation) {
  const found = new Map()
  for (const node of Object.values(conversation.nodes)) {
    const key = key_of(node.parent)
    if (!found.has(key)) found.set(key, [])
    found.get(key).push(node)
  }
  return found
}

const chosen_of = (conversation, parent, among) => among?.find((node) => node.id === conversation.chosen[key_of(parent)]) ?? among?.at(-1)

/** The messages that are shown, from the first on: each with its `siblings` (ids, itself among them). */
export function path_of(conversation) {
  const behind = followers(conversation)
  const path = []
  for (let parent = null; ; ) {
    const among = behind.get(key_of(parent))
    const node = chosen_of(conversation, parent, among)
    if (!node) return path
    path.push({ node, siblings: among.map((other) => other.id) })
    parent = node.id
  }
}

/** Siblings as turns: lists of ids, those that were asked side by side in one list. */
export function turns_of(conversation, siblings) {
  const turns = []
  for (const id of siblings) {
    const { group } = conversation.nodes[id]
    const last = turns.at(-1)
    if (group && last && conversation.nodes[last[0]].group === group) last.push(id)
    else turns.push([id])
  }
  return turns
}

/** The messages from the first to one, whether they are shown or not. */
export function messages_to(conversation, id) {
  const list = []
  for (let node = conversation.nodes[id]; node; node = conversation.nodes[node.parent]) list.unshift(node)
  return list
}

/** With a message behind `node.parent` (null: the first one), which is chosen unless `choose` is false. */
export function with_node(conversation, node, choose = true) {
  const nodes = { ...conversation.nodes, [node.id]: node }
  const chosen = choose ? { ...conversation.chosen, [key_of(node.parent)]: node.id } : conversation.chosen
  const title = conversation.title || (node.role === 'user' ? title_of(node.content) : '')
  return { ...conversation, nodes, chosen, title, updated: Date.now() }
}

/** With other fields in a message. */
export function with_fields(conversation, id, fields) {
  const node = conversation.nodes[id]
  if (!node) return conversation
  return { ...conversation, nodes: { ...conversation.nodes, [id]: { ...node, ...fields } }, updated: Date.now() }
}

export function with_choice(conversation, id) {
  const node = conversation.nodes[id]
  return { ...conversation, chosen: { ...conversation.chosen, [key_of(node.parent)]: id } }
}

/** Without a message and all that follows it. */
export function without(conversation, id) {
  const behind = followers(conversation)
  const gone = new Set()
  const leave = [id]
  while (leave.length) {
    const next = leave.pop()
    gone.add(next)
    leave.push(...(behind.get(next) ?? []).map((node) => node.id))
  }
  const nodes = Object.fromEntries(Object.entries(conversation.nodes).filter(([name]) => !gone.has(name)))
  const chosen = Object.fromEntries(Object.entries(conversation.chosen).filter(([parent, child]) => !gone.has(parent) && !gone.has(child)))
  return { ...conversation, nodes, chosen, updated: Date.now() }
}

const LONGEST_TITLE = 48 // characters

export function title_of(text) {
  const line = text.trim().split('\n')[0].trim()
  const characters = [...line]
  return characters.length > LONGEST_TITLE ? characters.slice(0, LONGEST_TITLE - 1).join('') + '…' : line
}

/** Whether every word of a search stands in the title or in a message, whatever their case. */
export function matches(conversation, search) {
  const wanted = search.normalize('NFC').toLowerCase().split(/\s+/).filter(Boolean)
  const text = [conversation.title, ...Object.values(conversation.nodes).map((node) => node.content)].join('\n').normalize('NFC').toLowerCase()
  return wanted.every((word) => text.includes(word))
}
