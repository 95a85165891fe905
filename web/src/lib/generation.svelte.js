// One answer being generated: its chips as they arrive, its end, its speed.
import { stream } from './api.svelte.js'
import { add_token } from './chips.js'

export const TOP = 10

export class Generation {
  chips = $state([])
  text = $state('')
  running = $state(false)
  finish = $state('') // stop, length, stopped
  error = $state('')
  count = $state(0)
  rate = $state(0)
  first = $state(0)
  #abort = null

  /** Tokens so far, flat. */
  get tokens() {
    return this.chips.flatMap((chip) => chip.tokens)
  }

  /** Starts over, with `kept` tokens standing already. */
  async run(path, body, kept = []) {
    this.stop()
    const abort = (this.#abort = new AbortController())
    Object.assign(this, { chips: [], text: '', running: true, finish: '', error: '', count: 0, rate: 0, first: 0 })
    for (const token of kept) add_token(this.chips, token)
    this.text = this.chips.map((chip) => chip.text).join('')
    const begin = performance.now()
    let first = 0
    try {
      await stream(path, body, abort.signal, (chunk) => {
        const choice = chunk.choices[0]
        if (!choice || abort.signal.aborted) return
        for (const token of choice.logprobs?.content ?? []) {
          add_token(this.chips, token)
          ++this.count
        }
        this.text += choice.text ?? choice.delta?.content ?? ''
        if (choice.finish_reason) this.finish = choice.finish_reason
        const now = performance.now()
        if (this.count && !first) first = now
        this.first = first ? (first - begin) / 1000 : 0
        this.rate = (1000 * this.count) / (now - begin)
      })
    } catch (error) {
      if (!abort.signal.aborted) this.error = error.status ? error.message : 'offline'
    }
    if (this.#abort === abort) this.running = false
  }

  stop() {
    if (!this.running) return
    this.#abort.abort()
    this.running = false
    this.finish = 'stopped'
  }
}
