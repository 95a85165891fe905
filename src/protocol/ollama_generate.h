// Ollama's /api/generate.
#pragma once

#include "protocol/text_protocol.h"

namespace malmoi::protocol {

/// `prompt` goes through the model's chat template as a message of the user, behind `system`; with `raw` it is a text that the
/// model goes on with. Without one, which is how clients have a model loaded, it is answered at once.
extern const TextProtocol kOllamaGenerate;

}  // namespace malmoi::protocol
