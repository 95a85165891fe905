// A corpus's report.json as rows for tables and bars.

/** {NAME: number} as [{name, value}], largest first. */
export function counted(map) {
  return Object.entries(map ?? {})
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => b.value - a.value)
}

/** {NAME: {documents, bytes}} as rows, most text first. */
export function grouped(map) {
  return Object.entries(map ?? {})
    .map(([name, { documents = 0, bytes = 0 }]) => ({ name, documents, bytes }))
    .sort((a, b) => b.bytes - a.bytes)
}

/** {'256-511': number} as [{name, value}], shortest first. */
export function lengths(map) {
  const least = ({ name }) => Number(name.split('-')[0])
  return counted(map).sort((a, b) => least(a) - least(b))
}

/** Of what was read: how much each rule took away, and what was kept; null where the report does not say. */
export function kept_share(report) {
  const read = report?.inputs?.documents
  const kept = report?.kept?.documents
  return read > 0 && kept >= 0 ? Math.min(1, kept / read) : null
}

/** Bytes in short: 12.3 kB. */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return '–'
  for (const [unit, sign] of [[1e12, 'TB'], [1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB']]) {
    if (bytes >= unit) return Number((bytes / unit).toPrecision(3)) + ' ' + sign
  }
  return bytes + ' B'
}

/** The address of a page of documents. */
export function documents_address(name, { kept, reason, find }, offset, limit) {
  const query = new URLSearchParams({ kept: String(kept), offset: String(offset), limit: String(limit) })
  if (!kept && reason) query.set('reason', reason)
  if (find) query.set('find', find)
  return '/data/' + encodeURIComponent(name) + '/documents?' + query
}
