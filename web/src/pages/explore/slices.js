// Long work in slices between frames: the policy of the page allows no worker of its own, and none of this takes longer than
// a few seconds.

const SLICE_MS = 12

const next_frame = () => new Promise((resolve) => setTimeout(resolve, 0))

/** Runs a generator to its end, and gives what it returns; undefined where `signal` ended it. */
export async function run_in_slices(work, signal) {
  let end = performance.now() + SLICE_MS
  for (;;) {
    const { value, done } = work.next()
    if (done) return value
    if (performance.now() < end) continue
    await next_frame()
    if (signal?.aborted) return undefined
    end = performance.now() + SLICE_MS
  }
}
