// From a request for an answer to a conversation to what a model goes on with, and back to content, thoughts and calls.
#pragma once

#include <memory>

#include "base/error.h"
#include "chat/answer/answer_parser.h"
#include "chat/chat_template.h"
#include "chat/generation.h"

namespace malmoi::chat {

/// Renders the messages of `request.prompt`, with its tools unless none may be called and what it says of thinking, and sets
/// what follows from them: stop, trim_start, form; where a call must be made, its beginning closes the prompt and `constraint`
/// holds the rest to it. What else `constraint` holds to a rule is content. Errors: as ChatTemplate::render and force_call; calls
/// that are allowed beside a constraint; thoughts that are wanted of a template that knows none.
Result<RenderedChat> begin_answer(const ChatTemplate& chat_template, GenerationRequest& request);

/// Tells an answer of a prepared request apart. Null: all of it is content.
std::unique_ptr<AnswerParser> open_parser(const AnswerForm& form);

}  // namespace malmoi::chat
