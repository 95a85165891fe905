// One answer of a chat as it comes: text, thoughts, calls of functions, tokens, speed. What arrives is shown in steps, some
// 25 in a second, however fast tokens come.
import { stream } from '../../lib/api.svelte.js'
import { add_token } from '../../lib/chips.js'

const STEP = 40 // milliseconds
const SHORTEST = 100 // milliseconds of writing by which speed is measured

export class Answer {
  text = $state('')
  reasoning = $state('')
  calls = $state.raw([]) // {id, name, arguments}
  chips = $state.raw([])
  running = $state(false)
  finish = $state('') // stop, length, tool_calls, stopped, failed
  error = $state('')
  count = $state(0) // tokens
  prompt = $state(0) // tokens that were read
  rate = $state(0) // tokens in a second, from the first token on where there is time to measure
  first = $state(0) // seconds to the first token

  #abort = new AbortController()
  #come = { text: '', reasoning: '', calls: [], chips: [], count: 0 }
  #timer = 0
  #begin = 0
  #first_at = 0
  #last_at = 0

  constructor(text = '') {
    this.text = this.#come.text = text
  }

  #show() {
    clearTimeout(this.#timer)
    this.#timer = 0
    const { text, reasoning, calls, chips, count } = this.#come
    Object.assign(this, { text, reasoning, count, calls: [...calls], chips: [...chips] })
    this.first = this.#first_at ? (this.#first_at - this.#begin) / 1000 : 0
    // What comes in one piece says nothing of the time between its tokens: then all of the time counts.
    const writing = this.#last_at - this.#first_at
    this.rate = writing > SHORTEST ? (1000 * (count - 1)) / writing : this.#last_at ? (1000 * count) / (this.#last_at - this.#begin) : 0
  }

  #take(chunk) {
    if (chunk.usage) {
      this.prompt = chunk.usage.prompt_tokens
      this.#come.count = chunk.usage.completion_tokens
    }
    const choice = chunk.choices[0]
    if (!choice) return
    const delta = choice.delta ?? {}
    const tokens = choice.logprobs?.content ?? []
    for (const token of tokens) add_token(this.#come.chips, token)
    const says = delta.content || delta.reasoning_content || delta.tool_calls
    // Without tokens told a piece is counted as one, until the usage at the end says how many they were.
    if (tokens.length || says) {
      this.#come.count += tokens.length || 1
      this.#last_at = performance.now()
      this.#first_at ||= this.#last_at
    }
    this.#come.text += delta.content ?? ''
    this.#come.reasoning += delta.reasoning_content ?? ''
    for (const call of delta.tool_calls ?? []) this.#come.calls.push({ id: call.id, name: call.function.name, arguments: call.function.arguments })
    if (choice.finish_reason) this.finish = choice.finish_reason
    this.#timer ||= setTimeout(() => this.#show(), STEP)
  }

  /** Asks, and returns when the answer has ended, however it did. */
  async run(body) {
    const { signal } = this.#abort
    this.running = true
    this.#begin = performance.now()
    try {
      await stream('/v1/chat/completions', { ...body, stream_options: { include_usage: true } }, signal, (chunk) => signal.aborted || this.#take(chunk))
      if (!this.finish && !signal.aborted) this.error = 'cut'
    } catch (error) {
      if (!signal.aborted) this.error = error.status ? error.message : 'offline'
    }
    if (signal.aborted) this.finish = 'stopped'
    else if (this.error) this.finish = 'failed'
    this.#show()
    this.running = false
  }

  stop() {
    this.#abort.abort()
  }

  /** What is kept of it. */
  fields() {
    const { text, reasoning, calls, finish, count, rate, first, prompt } = this
    return { content: text, ...(reasoning && { reasoning }), ...(calls.length && { calls }), finish, stats: { count, rate, first, prompt } }
  }
}
