// What the server says of its models, put together: /v1/models, /api/show, and /admin/models where the server has it.

/** Entries of /admin/models by the name of their model, whatever list it stands in. */
export function by_name(told) {
  const list = Array.isArray(told) ? told : (told?.data ?? told?.models ?? [])
  const entries = (Array.isArray(list) ? list : []).filter((entry) => typeof entry === 'object' && entry !== null)
  return new Map(entries.map((entry) => [entry.id ?? entry.name, entry]))
}

const KNOWN = ['id', 'name', 'object']

/** The plain fields of an entry: [name, value, whether it counts bytes]. */
export function plain_fields(entry) {
  return Object.entries(entry ?? {})
    .filter(([name, value]) => !KNOWN.includes(name) && ['string', 'number', 'boolean'].includes(typeof value) && value !== '')
    .map(([name, value]) => [name, value, typeof value === 'number' && /bytes|size|memory/.test(name)])
}
