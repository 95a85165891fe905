// The sampling options, remembered.
import { load, save } from './store.js'

export const defaults = { temperature: 0.8, top_k: 40, top_p: 0.95, min_p: 0, repetition_penalty: 1.1, max_tokens: 128, seed: '' }

export const sliders = [
  { name: 'temperature', low: 0, high: 2, step: 0.05 },
  { name: 'top_k', low: 0, high: 200, step: 1 },
  { name: 'top_p', low: 0.05, high: 1, step: 0.05 },
  { name: 'min_p', low: 0, high: 0.5, step: 0.01 },
  { name: 'repetition_penalty', low: 1, high: 2, step: 0.05 },
]

export const settings = $state({ ...defaults, ...load('settings', {}) })

export function keep_settings() {
  save('settings', $state.snapshot(settings))
}

export function reset_settings() {
  Object.assign(settings, defaults)
}

/** The fields of a request. */
export function sampling() {
  const fields = {
    temperature: settings.temperature,
    top_k: settings.top_k,
    top_p: settings.top_p,
    min_p: settings.min_p,
    repetition_penalty: settings.repetition_penalty,
  }
  if (settings.seed !== '' && settings.seed !== null && Number.isInteger(Number(settings.seed))) fields.seed = Number(settings.seed)
  return fields
}
