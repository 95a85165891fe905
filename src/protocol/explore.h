// The calls behind the page that looks into a model: its attention, words for gaps, labels with their reasons.
#pragma once

#include "protocol/call.h"

namespace malmoi::protocol {

/// POST /explore/attention {"model", "text" or "ids", "source", "kind", "layer", "head"}. Weights have 4 digits.
Reply show_attention(const Json& body, const Address& address, const chat::Provider& provider);

/// POST /explore/fill {"model", "text"} -> {"mask", "text", "gaps"}.
Reply fill_gaps(const Json& body, const Address& address, const chat::Provider& provider);

/// POST /explore/classify {"model", "text", "pair"} -> {"labels", "chosen", "tokens"}.
Reply classify_text(const Json& body, const Address& address, const chat::Provider& provider);

}  // namespace malmoi::protocol
