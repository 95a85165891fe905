// Gaps in texts, as llama.cpp's server fills them.
#pragma once

#include "protocol/text_protocol.h"

namespace malmoi::protocol {

/// POST /infill: `input_prefix` with `prompt` behind it, the gap, `input_suffix`. The answer is {"content", ...}; a stream's
/// last event has `stop`.
extern const TextProtocol kInfill;

}  // namespace malmoi::protocol
