// What can be set for answers, and the body of a request made of it. A parameter that is not set is not sent: the model's
// generation_config.json decides, else `off`, the value that changes nothing. `initial` is where the page begins: what keeps
// small models to the point.
import { with_files } from './files.js'
import { messages_to } from './tree.js'

export const groups = [
  {
    name: 'usual',
    parameters: [
      { name: 'temperature', low: 0, high: 100, step: 0.1, off: 1, initial: 0.8 },
      { name: 'top_p', low: 0, high: 1, step: 0.05, off: 1, initial: 0.95 },
      { name: 'top_k', low: 0, high: 1073741824, step: 1, off: 0, initial: 40 },
      { name: 'min_p', low: 0, high: 1, step: 0.01, off: 0 },
      { name: 'max_tokens', low: 1, high: 16777216, step: 1, off: null, initial: 1024 },
      { name: 'seed', low: 0, high: Number.MAX_SAFE_INTEGER, step: 1, off: null },
    ],
  },
  {
    name: 'penalties',
    parameters: [
      { name: 'repetition_penalty', low: 0.01, high: 100, step: 0.05, off: 1, initial: 1.1 },
      { name: 'presence_penalty', low: -100, high: 100, step: 0.1, off: 0 },
      { name: 'frequency_penalty', low: -100, high: 100, step: 0.1, off: 0 },
      { name: 'penalty_last_n', low: -1, high: 1073741824, step: 1, off: -1 },
    ],
  },
  {
    name: 'dry',
    parameters: [
      { name: 'dry_multiplier', low: 0, high: 100, step: 0.1, off: 0 },
      { name: 'dry_base', low: 1, high: 100, step: 0.05, off: 1.75 },
      { name: 'dry_allowed_length', low: 0, high: 1048576, step: 1, off: 2 },
      { name: 'dry_penalty_last_n', low: -1, high: 1073741824, step: 1, off: -1 },
    ],
  },
  {
    name: 'others',
    parameters: [
      { name: 'typical_p', low: 0, high: 1, step: 0.05, off: 1 },
      { name: 'top_n_sigma', low: -1, high: 100, step: 0.1, off: 0 },
      { name: 'xtc_probability', low: 0, high: 1, step: 0.05, off: 0 },
      { name: 'xtc_threshold', low: 0, high: 1, step: 0.05, off: 0.1 },
      { name: 'mirostat', low: 0, high: 2, step: 1, off: 0 },
      { name: 'mirostat_tau', low: 0, high: 100, step: 0.1, off: 5 },
      { name: 'mirostat_eta', low: 0, high: 10, step: 0.05, off: 0.1 },
    ],
  },
]
const all = groups.flatMap((group) => group.parameters)

/** Settings as they are at first. */
export function new_settings() {
  const values = Object.fromEntries(all.map(({ name, initial }) => [name, initial ?? null]))
  return { model: '', values, stop: '', breakers: '', format: 'text', schema: '', tools: '', tool_choice: 'auto' }
}

/** What was kept of settings, over new ones: only known fields of the right type. */
export function restored(kept) {
  const fresh = new_settings()
  if (typeof kept !== 'object' || kept === null) return fresh
  for (const name of Object.keys(fresh)) {
    if (name !== 'values' && typeof kept[name] === 'string') fresh[name] = kept[name]
  }
  for (const { name } of all) {
    const value = kept.values?.[name]
    if (value === null || Number.isFinite(value)) fresh.values[name] = value
  }
  return fresh
}

// One text a line; a new line or a tab within one is written \n, \t.
const texts_of = (lines) => lines.split('\n').filter(Boolean).map((line) => line.replace(/\\([nt\\])/g, (_, letter) => ({ n: '\n', t: '\t', '\\': '\\' })[letter]))

/** JSON that somebody typed: {value}, or {wrong} where it is none; {} where nothing was typed. */
export function typed_json(text) {
  if (!text.trim()) return {}
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    return { wrong: error.message }
  }
}

/** What keeps settings from being sent: 'schema' or 'tools', which are no JSON; null where nothing does. */
export function problem_of(settings) {
  if (settings.format === 'schema' && typed_json(settings.schema).value === undefined) return 'schema'
  return typed_json(settings.tools).wrong ? 'tools' : null
}

/** Tools as requests have them: a list, or one; functions bare or wrapped. */
function tools_of(value) {
  const list = Array.isArray(value) ? value : [value]
  return list.map((tool) => (tool?.function ? tool : { type: 'function', function: tool }))
}

function form_of(settings) {
  if (settings.format === 'object') return { response_format: { type: 'json_object' } }
  if (settings.format !== 'schema') return {}
  const { value } = typed_json(settings.schema)
  return { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: value } } }
}

/** The fields of a request that settings stand for. */
export function fields_of(settings) {
  const fields = {}
  for (const { name } of all) {
    if (Number.isFinite(settings.values[name])) fields[name] = settings.values[name]
  }
  const stop = texts_of(settings.stop)
  if (stop.length) fields.stop = stop
  const breakers = texts_of(settings.breakers)
  if (breakers.length) fields.dry_sequence_breakers = breakers
  Object.assign(fields, form_of(settings))
  const { value: tools } = typed_json(settings.tools)
  if (tools !== undefined) Object.assign(fields, { tools: tools_of(tools), tool_choice: settings.tool_choice })
  return fields
}

function message_of(node) {
  if (node.role === 'tool') return { role: 'tool', tool_call_id: node.call, content: node.content }
  if (node.role === 'user') return { role: 'user', content: with_files(node.content, node.files) }
  const message = { role: 'assistant', content: node.content }
  if (node.reasoning) message.reasoning_content = node.reasoning
  if (node.calls?.length) message.tool_calls = node.calls.map(({ id, name, arguments: given }) => ({ id, type: 'function', function: { name, arguments: given } }))
  return message
}

/** The messages of a request: the system prompt, and the conversation up to a message. Answers that failed say nothing. */
export function messages_of(conversation, id) {
  const list = messages_to(conversation, id).filter((node) => node.role !== 'assistant' || node.content || node.calls?.length).map(message_of)
  const system = conversation.system.trim()
  return system ? [{ role: 'system', content: system }, ...list] : list
}
