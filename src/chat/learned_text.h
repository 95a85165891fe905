// A conversation as a model learns it: the text that its template makes of the whole, and in it what the assistant says.
//
// What an answer is follows from the template's rendering, never from a search for ids. It begins where the text stands still at
// which the model would be asked for it: the header is given, not learned. It ends with the token that ends a turn; what a template
// writes behind that (a line break, an end of text) is not the answer's. {% generation %} blocks say the same by themselves, but for
// headers that they take in. Else words are followed through the template by marks around them (anchors.h), and what stands
// between an answer's last word and the next turn is compared with what stands there without the next turn.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "chat/chat_template.h"
#include "chat/message.h"

namespace malmoi::chat {

struct LearnOptions {
  RenderOptions render;
  std::string date = "2026-01-01";      // what templates are told that today is: a run goes on to the same text
  std::vector<std::string> end_tokens;  // special tokens that end what the model writes
};

struct LearnedText {
  using Span = std::pair<size_t, size_t>;  // bytes [begin, end)
  struct Answer {
    size_t message;
    Span place;
    bool ends;  // with what ends a turn: without, a model does not learn to stop
  };

  std::string text;
  std::vector<Span> literal;    // as RenderedChat has them
  std::vector<Answer> answers;  // in order; of a message several where the template's own blocks say so
  std::vector<size_t> hidden;   // messages of the assistant that say nothing, or that the template does not show
  bool end_of_text = false;  // the model's end of text stands behind it and ends the last answer: of the plain template
};

}  // namespace malmoi::chat
