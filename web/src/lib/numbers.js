// Numbers for people: sizes, times, counts.

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

export function show_bytes_count(bytes) {
  let unit = 0
  while (bytes >= 1024 && unit < SIZES.length - 1) {
    bytes /= 1024
    ++unit
  }
  return (unit && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)) + ' ' + SIZES[unit]
}

export function show_seconds(seconds) {
  return seconds < 1 ? (1000 * seconds).toFixed(seconds < 0.01 ? 1 : 0) + ' ms' : seconds.toFixed(2) + ' s'
}

export function show_number(number) {
  return number >= 100 || Number.isInteger(number) ? Math.round(number).toLocaleString() : number.toFixed(1)
}
