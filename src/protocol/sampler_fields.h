// The sampling options that other servers take beside OpenAI's, by the names that llama.cpp's and vLLM's have for them.
#pragma once

#include "chat/sampling.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// Reads the numbers of chat::sampling_fields() that OpenAI's API does not have, by name or alias (the first where both are
/// there), and `dry_sequence_breakers`, over the model's own defaults. Errors stay in `fields`.
void read_sampler_fields(Fields& fields, const chat::SamplingOptions& defaults, chat::SamplingOptions& sampling);

}  // namespace malmoi::protocol
