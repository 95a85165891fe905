// Answers as Anthropic's Messages API tells them: whole, and as the named events of a stream.
#pragma once

#include <memory>

#include "protocol/text_protocol.h"

namespace malmoi::protocol {

/// Blocks stand as they come: thoughts, text, calls; never are two open at once. A call comes whole, in one delta.
std::unique_ptr<Printer> anthropic_printer(const ResponseHead& head, const GenerationOptions& options, size_t answers);

}  // namespace malmoi::protocol
