#include "protocol/text_protocols.h"

#include "protocol/anthropic_messages.h"
#include "protocol/gemini.h"
#include "protocol/infill.h"
#include "protocol/ollama_chat.h"
#include "protocol/ollama_generate.h"
#include "protocol/openai_chat.h"
#include "protocol/openai_completions.h"
#include "protocol/openai_responses.h"

namespace malmoi::protocol {
namespace {

// One line a protocol.
const NamedProtocol kProtocols[] = {
    {"openai_completions", &kOpenAiCompletions}, {"openai_chat", &kOpenAiChat}, {"infill", &kInfill},
    {"anthropic_messages", &kAnthropicMessages}, {"gemini", &kGemini},          {"gemini_stream", &kGeminiStream},
    {"openai_responses", &kOpenAiResponses},     {"ollama_chat", &kOllamaChat}, {"ollama_generate", &kOllamaGenerate},
};

}  // namespace

std::span<const NamedProtocol> text_protocols() { return kProtocols; }

}  // namespace malmoi::protocol
