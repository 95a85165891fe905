// Server-sent events out of a text that grows.

/** The whole events at the beginning of a text as [{name, data}], and what is left of it. */
export function cut_events(text) {
  const parts = text.split('\n\n')
  const rest = parts.pop()
  const events = []
  for (const part of parts) {
    const fields = { event: 'message', data: [] }
    for (const line of part.split('\n')) {
      const [, name, value] = line.match(/^(event|data): ?(.*)$/) ?? []
      if (name === 'event') fields.event = value
      else if (name === 'data') fields.data.push(value)
    }
    if (fields.data.length) events.push({ name: fields.event, data: JSON.parse(fields.data.join('\n')) })
  }
  return { events, rest }
}
