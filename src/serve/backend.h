// What a server serves: the model behind the API, made by whoever loaded it.
#pragma once

#include <vector>

#include "infer/engine.h"
#include "protocol/chat_template.h"
#include "protocol/openai_models.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::serve {

/// Engine and tokenizer must outlive the server.
struct Backend {
  protocol::ModelEntry model;
  infer::Engine* engine = nullptr;
  const tokenizer::Tokenizer* tokenizer = nullptr;
  protocol::ChatTemplate chat_template = protocol::ChatTemplate::plain();
  infer::SamplingOptions defaults;  // where a request says nothing
  std::vector<int32_t> stop_ids;    // end of text
};

}  // namespace malmoi::serve
