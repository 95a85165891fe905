// Random numbers that depend on a seed alone, so that a map or a draw can be made again.

/** mulberry32 (Tommy Ettinger): a function that gives uniform numbers in [0, 1). */
export function uniform(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Box and Muller's transform: standard normal numbers. */
export function normal(seed) {
  const next = uniform(seed)
  return () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
}
