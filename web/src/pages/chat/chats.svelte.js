// The conversations: the one that is shown, those that are kept, the answers that are coming, the settings.
import { SvelteMap } from 'svelte/reactivity'
import { announce } from '../../lib/announce.svelte.js'
import { server } from '../../lib/api.svelte.js'
import { TOP } from '../../lib/generation.svelte.js'
import { load, save } from '../../lib/store.js'
import { Answer } from './answer.svelte.js'
import { read_conversation } from './exchange.js'
import { open_history } from './history.js'
import { fields_of, messages_of, problem_of, restored } from './parameters.js'
import { new_conversation, new_id, path_of, with_choice, with_fields, with_node, without } from './tree.js'

const MOST_VARIANTS = 4 // answers side by side
const KEEP_EVERY = 3000 // milliseconds after which an unfinished answer is kept
const LETTERS = 'ABCD'
const MOST_TOKENS = 20000 // whose alternatives are remembered: a token takes some kilobytes

export class Chats {
  conversation = $state.raw(new_conversation())
  list = $state.raw([]) // all that are kept, the newest first
  live = new SvelteMap() // answers of this session by the message that they become
  variants = $state(load_variants())
  details = $state(load('chat_tokens', true)) // whether tokens and their alternatives are asked for
  lasts = $state(true) // whether the browser keeps conversations
  #history = null
  #t

  constructor(t) {
    this.#t = t
  }

  async open() {
    this.#history = await open_history()
    this.lasts = this.#history.lasts
    const kept = (await this.#history.all()).map(read_conversation).filter(Boolean)
    const here = new Set(this.list.map(({ id }) => id))
    this.list = [...this.list, ...kept.filter(({ id }) => !here.has(id))].sort((a, b) => b.updated - a.updated)
    const last = this.list.find(({ id }) => id === load('chat', ''))
    if (last && !path_of(this.conversation).length) this.show(last.id)
  }

  /** Takes up what another window has kept meanwhile, unless answers are coming here. */
  async refresh() {
    if (!this.#history?.lasts || [...this.live.values()].some((answer) => answer.running)) return
    const kept = (await this.#history.all()).map(read_conversation).filter(Boolean)
    this.list = kept.sort((a, b) => b.updated - a.updated)
    const same = kept.find(({ id }) => id === this.conversation.id)
    if (same && same.updated > this.conversation.updated) this.conversation = same
  }

  // The conversations change only here: what is shown, the list, and what is kept change together.
  #change(id, change) {
    const old = id === this.conversation.id ? this.conversation : this.list.find((one) => one.id === id)
    if (!old) return
    const next = change(old)
    if (next === old) return
    if (id === this.conversation.id) this.conversation = next
    if (!Object.keys(next.nodes).length && !this.list.some((one) => one.id === id)) return
    this.list = [next, ...this.list.filter((one) => one.id !== id)].sort((a, b) => b.updated - a.updated)
    if (id === this.conversation.id) save('chat', id)
    this.#keep(next)
  }
  #keep(conversation) {
    this.#history?.put(conversation).catch(() => (this.lasts = false))
  }

  /** What keeps questions from being asked: {letter, what}, or null. */
  get problem() {
    const i = this.variants.findIndex(problem_of)
    return i < 0 ? null : { letter: LETTERS[i], what: problem_of(this.variants[i]) }
  }
  get busy() {
    return this.running.length > 0
  }
  /** Answers of the conversation that is shown which are still coming. */
  get running() {
    return [...this.live].filter(([id, answer]) => answer.running && this.conversation.nodes[id]).map(([, answer]) => answer)
  }

  show(id) {
    const found = this.list.find((one) => one.id === id)
    if (!found) return
    this.conversation = found
    save('chat', id)
  }
  begin() {
    this.conversation = new_conversation(this.conversation.system)
    save('chat', '')
  }
  rename(id, title) {
    if (title.trim()) this.#change(id, (one) => ({ ...one, title: title.trim(), named: true }))
  }
  remove(id) {
    for (const node of Object.keys(this.list.find((one) => one.id === id)?.nodes ?? {})) this.live.get(node)?.stop()
    this.list = this.list.filter((one) => one.id !== id)
    this.#history?.remove(id).catch(() => (this.lasts = false))
    if (id === this.conversation.id) this.begin()
  }
  import(conversations) {
    for (const one of conversations) this.#keep(one)
    this.list = [...conversations, ...this.list].sort((a, b) => b.updated - a.updated)
    this.show(conversations[0].id)
  }
  set_system(system) {
    this.#change(this.conversation.id, (one) => ({ ...one, system }))
  }

  #add(node) {
    this.#change(this.conversation.id, (one) => with_node(one, node))
    return node.id
  }
  send(content, files = []) {
    const last = path_of(this.conversation).at(-1)?.node.id ?? null
    this.ask(this.#add({ id: new_id(), parent: last, role: 'user', content, time: Date.now(), ...(files.length && { files }) }))
  }

  /** Asks for an answer behind a message: one for each of the settings, side by side. */
  ask(parent) {
    if (this.problem) return
    const group = this.variants.length > 1 ? new_id() : undefined
    const { id } = this.conversation
    const nodes = this.variants.map((settings, i) => ({
      id: new_id(),
      parent,
      role: 'assistant',
      content: '',
      time: Date.now(),
      model: settings.model || server.model,
      ...(group && { group, label: LETTERS[i] }),
    }))
    this.#change(id, (one) => nodes.reduce((changed, node, i) => with_node(changed, node, i === 0), one))
    nodes.forEach((node, i) => this.#answer(id, node, this.variants[i], messages_of(this.conversation, parent)))
  }

  /** Goes on with an answer where it ended. */
  go_on(node) {
    this.#answer(this.conversation.id, node, this.variants[0], messages_of(this.conversation, node.id), node.content)
  }

  async #answer(conversation, node, settings, messages, begun = '') {
    const answer = new Answer(begun)
    this.live.set(node.id, answer)
    const details = this.details ? { logprobs: true, top_logprobs: TOP, token_details: true } : {}
    const keep = () => this.#change(conversation, (one) => with_fields(one, node.id, answer.fields()))
    const timer = setInterval(keep, KEEP_EVERY)
    announce(this.#t('working'))
    await answer.run({ model: node.model || server.model, messages, ...fields_of($state.snapshot(settings)), ...details })
    clearInterval(timer)
    keep()
    this.#forget()
    announce(answer.error ? answer.error : answer.finish === 'stopped' ? this.#t('stopped') : this.#t('done', { n: answer.count }))
  }

  // The tokens of the oldest answers go first; their text stays.
  #forget() {
    let count = 0
    for (const answer of [...this.live.values()].toReversed()) {
      count += answer.chips.length
      if (count > MOST_TOKENS && !answer.running) answer.chips = []
    }
  }

  stop() {
    for (const answer of this.running) answer.stop()
  }
  regenerate(node) {
    this.ask(node.parent)
  }
  /** Another wording beside a message: a question is asked again, an answer stands as it was written. */
  edit(node, content) {
    if (node.role === 'user' ? this.problem : content === node.content) return
    const { id: _, group, label, stats, finish, ...same } = node
    const made = this.#add({ ...same, id: new_id(), content, time: Date.now() })
    if (node.role === 'user') this.ask(made)
  }
  choose(id) {
    this.#change(this.conversation.id, (one) => with_choice(one, id))
  }
  remove_node(id) {
    this.live.get(id)?.stop()
    this.#change(this.conversation.id, (one) => without(one, id))
  }
  /** What functions gave back for the calls of an answer, in their order. */
  give_results(node, results) {
    let parent = node.id
    node.calls.forEach((call, i) => {
      parent = this.#add({ id: new_id(), parent, role: 'tool', content: results[i], call: call.id, name: call.name, time: Date.now() })
    })
    this.ask(parent)
  }

  add_variant() {
    if (this.variants.length < MOST_VARIANTS) this.variants.push($state.snapshot(this.variants.at(-1)))
  }
  get may_add_variant() {
    return this.variants.length < MOST_VARIANTS
  }
  remove_variant(i) {
    this.variants.splice(i, 1)
  }
  keep_settings() {
    save('chat_variants', $state.snapshot(this.variants))
    save('chat_tokens', this.details)
  }
}

function load_variants() {
  const kept = load('chat_variants', [])
  const list = Array.isArray(kept) ? kept.slice(0, MOST_VARIANTS).map(restored) : []
  return list.length ? list : [restored(null)]
}
