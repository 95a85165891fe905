// OpenAI's /v1/completions.
#pragma once

#include "protocol/text_protocol.h"

namespace malmoi::protocol {

/// `prompt` may be a text, a list of texts, a list of ids, or a list of lists of ids. `text_offset`s count code points from
/// the beginning of an answer's text, over all pieces of a stream.
extern const TextProtocol kOpenAiCompletions;

}  // namespace malmoi::protocol
