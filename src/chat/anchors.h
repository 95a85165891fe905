// Where the words of messages come to stand in what a template makes of them.
//
// Before a template sees a message, its words are put between two marks with the message's number; after it, the marks go and their
// places are known. The marks stand within the white space around the words, so that what a template trims away is trimmed
// away all the same, and around what is thought and what is said apart, since templates cut between them. They are noncharacters of
// Unicode (U+FDD4, U+FDD5, with digits U+FDD8 to U+FDDF), which no text to be exchanged holds; TypedTokens drops those that one holds.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "chat/jinja/template.h"
#include "chat/typed_tokens.h"

namespace malmoi::chat {

/// Messages that can be told apart, by numbers below this one.
inline constexpr size_t kMostAnchored = 4096;

/// Which words of a call are marked: some templates look at names, others show no name.
enum class CallAnchors { kNames, kArguments };

/// Puts marks around the words of a message (a JSON object as templates read it, typed special tokens marked before). What is told
/// beforehand (system, developer) gets none: templates look into it for switches.
void place_anchors(Json& message, size_t number, CallAnchors calls);

struct Anchor {
  size_t at;  // byte of the text
  size_t message;
  bool begins;
};

/// What a template made of marked messages, without the marks.
struct AnchoredText {
  using Span = std::pair<size_t, size_t>;  // bytes [begin, end)

  std::string text;
  std::vector<Span> literal;    // special tokens that somebody typed
  std::vector<Span> generated;  // what {% generation %} blocks wrote
  std::vector<Anchor> anchors;  // in order

  /// Where words of a message begin, or end, in order.
  std::vector<size_t> of(size_t message, bool begins) const;
  /// From the n-th end of a message's words (from 0; the last one where there are fewer) to where any words begin or end next. None: no
  /// words of it are shown.
  std::optional<Span> behind(size_t message, size_t n) const;
};

AnchoredText read_anchors(const TypedTokens& tokens, const jinja::Rendered& shown);

}  // namespace malmoi::chat
