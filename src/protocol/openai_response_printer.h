// Responses and their events, as the Responses API has them.
#pragma once

#include <memory>

#include "protocol/text_protocol.h"

namespace malmoi::protocol {

/// Of one answer. What is thought is an item of its own, as is each part that is said and each call; each is whole before the
/// next begins. `options.repeated` is said again in every response. Where it fails in the middle there is `response.failed`, and
/// `error`, which makes clients raise their own error.
std::unique_ptr<Printer> response_printer(const ResponseHead& head, const GenerationOptions& options, size_t answers);

}  // namespace malmoi::protocol
