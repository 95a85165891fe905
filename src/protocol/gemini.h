// Google's generateContent and streamGenerateContent.
#pragma once

#include "protocol/text_protocol.h"

namespace malmoi::protocol {

/// Thoughts are told where `thinkingConfig.includeThoughts` asks for them.
extern const TextProtocol kGemini;

/// The same answers as a stream: server-sent events with `?alt=sse`, else one JSON list. Each event is a response with what has
/// come of one candidate; the last one ends all of them and brings the usage.
extern const TextProtocol kGeminiStream;

}  // namespace malmoi::protocol
