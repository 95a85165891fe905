// The server's API: JSON calls and streams of server-sent events.
import { cut_events } from './events.js'

export const server = $state({ model: null, models: [], context: 0, csrf: null, needs_key: false })

/** A failure as the server tells it. */
export class ApiError extends Error {
  constructor(status, body) {
    super(body?.error?.message ?? 'HTTP ' + status)
    this.status = status
    this.code = body?.error?.code ?? null
    this.param = body?.error?.param ?? null // the field at fault
  }
}

function headers(type = 'application/json') {
  const all = { 'Content-Type': type }
  if (server.csrf) all['X-Malmoi-CSRF'] = server.csrf
  return all
}

function request(body, signal) {
  if (body === undefined) return { headers: headers(), signal }
  if (body instanceof Blob) return { method: 'POST', headers: headers('application/octet-stream'), body, signal }
  return { method: 'POST', headers: headers(), body: JSON.stringify(body), signal }
}

async function call(path, body, signal, again = false) {
  const response = await fetch(path, request(body, signal))
  if (response.ok) return response
  if (response.status === 401) server.needs_key = true
  let told = null
  try {
    told = await response.json()
  } catch {
    // not ours
  }
  if (told?.error?.code === 'csrf_token_missing' && !again) {
    // Another tab has logged in since: the cookie is of its session.
    await read_session()
    return call(path, body, signal, true)
  }
  throw new ApiError(response.status, told)
}

async function read_session() {
  server.csrf = (await get('/session')).csrf
}

/** Gives the key once; from then on a cookie stands for it, which no script can read. */
export async function login(key) {
  server.csrf = (await post('/login', { key })).csrf
}

export async function get(path) {
  return (await call(path)).json()
}

/** What stands at a path as text. */
export async function get_text(path, signal) {
  return (await call(path, undefined, signal)).text()
}

/** The answer to JSON, or to the bytes of a file. */
export async function post(path, body, signal) {
  return (await call(path, body, signal)).json()
}

/** Learns which model is served. */
export async function connect() {
  await read_session()
  const { data } = await get('/v1/models')
  server.models = data
  server.model = data[0].id
  server.context = data[0].max_model_len
  server.needs_key = false
}

/** Calls `on_chunk` with each piece of a streamed answer. */
export async function stream(path, body, signal, on_chunk) {
  const response = await call(path, { ...body, stream: true }, signal)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    rest += value
    const events = rest.split('\n\n')
    rest = events.pop()
    for (const event of events) {
      if (!event.startsWith('data: ')) continue
      const data = event.slice(6)
      if (data === '[DONE]') return
      const chunk = JSON.parse(data)
      if (chunk.error) throw new ApiError(500, chunk)
      on_chunk(chunk)
    }
  }
}

/** Calls `on_event(name, data)` with each named event at a path until it ends. */
export async function follow(path, signal, on_event) {
  const response = await call(path, undefined, signal)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    const { events, rest } = cut_events(text + value)
    text = rest
    for (const { name, data } of events) on_event(name, data)
  }
}
