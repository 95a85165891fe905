// The runs that the server shows, and the curves of those that are selected, followed as long as they are at work.
import { follow, get, post } from '../../lib/api.svelte.js'
import { with_points, with_samples } from './curves.js'

// Raw: lists of thousands of points are replaced as wholes.
export const shown = $state({ list: null, allowed: false, training: '', trouble: '', missing: false })
let known = $state.raw({}) // NAME: {curves, samples, skipped, detail, live}
const follows = new Map() // NAME: AbortController

const seconds_between_tries = 3

export const known_of = (name) => known[name]
const change = (name, fields) => (known = { ...known, [name]: { curves: {}, samples: [], skipped: [], detail: null, live: false, ...known[name], ...fields } })
const path_of = (name, more = '') => '/runs/' + encodeURIComponent(name) + more

/** The list, anew. */
export async function look() {
  try {
    const { runs, allow_training, training } = await get('/runs')
    Object.assign(shown, { list: runs, allowed: allow_training, training, trouble: '', missing: false })
  } catch (error) {
    shown.missing = error.status === 404
    shown.trouble = shown.missing ? '' : error.status ? error.message : 'offline'
  }
}

function take(name, kind, data) {
  const run = known[name]
  if (kind === 'points') change(name, { curves: with_points(run?.curves ?? {}, data), skipped: data.whole ? data.skipped : [...(run?.skipped ?? []), ...data.skipped] })
  if (kind === 'samples') change(name, { samples: with_samples(run?.samples ?? [], data) })
  if (kind === 'run' || kind === 'end') shown.list = shown.list?.map((other) => (other.name === name ? data : other)) ?? null
}

// From the beginning each time: meanwhile the run may have gone on from an earlier checkpoint.
async function follow_once(name, signal) {
  let first = true
  await follow(path_of(name, '/events'), signal, (kind, data) => {
    if (kind === 'points') {
      take(name, kind, first ? { ...data, whole: true } : data)
      first = false
    } else {
      take(name, kind, data)
    }
    if (kind === 'run') change(name, { live: data.state === 'running' })
    if (kind === 'end') change(name, { live: false, ended: true })
  })
}

/** Follows a run until `unfollow`: a lost connection is made again, an end is the end until the run is at work again. */
export async function follow_run(name) {
  if (follows.has(name)) return
  const abort = new AbortController()
  follows.set(name, abort)
  while (!abort.signal.aborted) {
    try {
      change(name, { ended: false })
      await follow_once(name, abort.signal)
    } catch (error) {
      if (error.status === 404 || error.status === 401) break
    }
    change(name, { live: false })
    while (!abort.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, seconds_between_tries * 1000))
      if (!known[name].ended || shown.list?.find((run) => run.name === name)?.state === 'running') break
    }
  }
  if (follows.get(name) === abort) follows.delete(name)
}

/** Follows these runs and no others. */
export function follow_only(names) {
  for (const [name, abort] of follows) {
    if (names.includes(name)) continue
    abort.abort()
    follows.delete(name)
    change(name, { live: false })
  }
  for (const name of names) follow_run(name)
}

/** Configuration, result and log of a run. */
export async function look_at(name) {
  change(name, { detail: await get(path_of(name)) })
}

/** `what`: stop or resume. */
export async function tell(name, what) {
  await post(path_of(name, '/' + what), {})
  await look()
}
