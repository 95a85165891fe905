// One call of the server at a time: a new one ends the last, and a failure is kept to be shown in words.
import { post, server } from '../../lib/api.svelte.js'

/** 'missing': this server or model does not have the call; 'refused': the request was at fault; 'offline'. */
function kind_of(error) {
  if (!error.status) return 'offline'
  const missing = error.status === 404 || error.status === 405 || error.status === 501
  // A model that has no such head is at fault itself.
  return missing || error.param === 'model' || String(error.code).startsWith('unsupported') ? 'missing' : 'refused'
}

export class Question {
  failure = $state.raw(null) // {kind, message}
  running = $state(false)
  #abort = null

  /** The answer, or null where there is none: it failed, or another was asked after it. */
  async ask(path, body) {
    this.stop()
    const abort = (this.#abort = new AbortController())
    this.running = true
    try {
      const answer = await post(path, { model: server.model, ...body }, abort.signal)
      if (abort.signal.aborted) return null
      this.failure = null
      return answer
    } catch (error) {
      if (!abort.signal.aborted) this.failure = { kind: kind_of(error), message: error.message }
      return null
    } finally {
      if (this.#abort === abort) this.running = false
    }
  }

  stop() {
    this.#abort?.abort()
    this.running = false
  }
}

/** In an effect: calls `run` when nothing has changed for a while, and not at all where that is not to be. */
export function after_a_pause(run, pause = 200) {
  const timer = setTimeout(run, pause)
  return () => clearTimeout(timer)
}
