// What the browser remembers; a browser that forbids it loses only that.
export function load(name, fallback) {
  try {
    const text = localStorage.getItem('malmoi.' + name)
    return text === null ? fallback : JSON.parse(text)
  } catch {
    return fallback
  }
}

export function save(name, value) {
  try {
    localStorage.setItem('malmoi.' + name, JSON.stringify(value))
  } catch {
    // private mode
  }
}
