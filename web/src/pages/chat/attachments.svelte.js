// The files that stand before a question which is being written: read one after the other, in the order in which they came.
import { post } from '../../lib/api.svelte.js'
import { estimate_tokens, read_file, with_files } from './files.js'

export class Attachments {
  list = $state.raw([]) // {id, name, size} and, once it was read, {text, characters, tokens, about ...} or {refused}
  #next = 0
  #work = Promise.resolve()
  #aborts = new Map()

  /** Those that can be sent. */
  get good() {
    return this.list.filter((file) => file.text !== undefined)
  }
  get reading() {
    return this.list.some((file) => file.text === undefined && !file.refused)
  }
  get tokens() {
    return this.good.reduce((sum, file) => sum + (file.tokens ?? 0), 0)
  }

  add(files) {
    for (const file of files) {
      const entry = { id: ++this.#next, name: file.name, size: file.size }
      this.#aborts.set(entry.id, new AbortController())
      this.list = [...this.list, entry]
      this.#work = this.#work.then(() => this.#read(entry, file))
    }
  }
  remove({ id }) {
    this.#aborts.get(id)?.abort()
    this.#aborts.delete(id)
    this.list = this.list.filter((file) => file.id !== id)
  }
  /** Those that can be sent, as a message keeps them; none are left. */
  take() {
    const kept = this.good.map(({ name, title, text, tokens }) => ({ name, ...(title && { title }), text, tokens: tokens ?? 0 }))
    for (const file of this.list) this.remove(file)
    return kept
  }

  async #read(entry, file) {
    const signal = this.#aborts.get(entry.id)?.signal
    if (!signal) return
    const read = await read_file(file, (one) => post('/extract?name=' + encodeURIComponent(one.name), one, signal))
    if (read.text !== undefined) {
      const counted = await estimate_tokens(with_files('', [{ ...entry, ...read }]), async (content) => (await post('/tokenize', { content }, signal)).count)
      Object.assign(read, counted, { characters: [...read.text].length })
    }
    this.list = this.list.map((one) => (one.id === entry.id ? { ...entry, ...read } : one))
  }
}
