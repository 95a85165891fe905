// What requests in Ollama's form have in common.
#pragma once

#include <string>

#include "protocol/text_protocol.h"

namespace malmoi::protocol {

/// Of /api/chat and /api/generate: reads `model`, `stream` (true unless it is false), `options`, `format`, `think`, `logprobs` and `top_logprobs` over the
/// model's own defaults. Options that say how and not what is computed are passed over. Errors stay in `fields`: options
/// that nobody knows, what is about images.
TextRequest read_ollama_request(Fields& fields, const chat::SamplingOptions& defaults);

/// `options` alone, and among what is read the context that they ask for.
void read_ollama_options(Fields& fields, const chat::SamplingOptions& defaults, TextRequest& request);

/// A model's name without the tag that Ollama's clients add to names that have none: NAME of NAME:latest.
std::string without_tag(std::string name);

}  // namespace malmoi::protocol
