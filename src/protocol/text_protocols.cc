#include "protocol/text_protocols.h"

#include "protocol/ollama_chat.h"
#include "protocol/ollama_generate.h"
#include "protocol/openai_chat.h"
#include "protocol/openai_completions.h"

namespace malmoi::protocol {
namespace {

// One line a protocol.
const NamedProtocol kProtocols[] = {
    {"openai_completions", &kOpenAiCompletions},
    {"openai_chat", &kOpenAiChat},
    {"ollama_chat", &kOllamaChat},
    {"ollama_generate", &kOllamaGenerate},
};

}  // namespace

std::span<const NamedProtocol> text_protocols() { return kProtocols; }

}  // namespace malmoi::protocol
