// `malmoi template render`: conversations in, what a chat template makes of them out, a line each.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "chat/published_template.h"

namespace malmoi::app {

/// Answers requests one by one; an error of one, or of the template's file, is an answer and no end.
class TemplateLines {
 public:
  /// `file`: a chat_template.jinja or a tokenizer_config.json; none: requests bring their templates. Errors: a file that
  /// cannot be read. One that holds no template is an error of each line that does not bring its own.
  static Result<TemplateLines> open(const std::optional<Path>& file);

  /// A request is an object: `messages`, `tools`, `documents`, `add_generation_prompt` (see chat::PublishedTemplate); `template`,
  /// which takes the file's place; `strftime_now`, the moment that the template is told (2025-07-26T09:05:03; absent: now);
  /// every other key is a variable. The answer: {"text", "spans": [[first, end] ...]}, spans in code points of what
  /// {% generation %} blocks wrote, or {"error"}.
  std::string answer(std::string_view line) const;

 private:
  explicit TemplateLines(Result<chat::PublishedTemplate> of_file) : file_(std::move(of_file)) {}
  Result<Json> rendered(std::string_view line) const;

  Result<chat::PublishedTemplate> file_;
};

}  // namespace malmoi::app
