#include "cli/chat/speaker.h"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "base/counted.h"
#include "base/shown.h"

namespace malmoi::cli {
namespace {

constexpr const char* kDim = "\033[2m";
constexpr const char* kPlain = "\033[0m";

}  // namespace

std::string summary_of(const app::ChatAnswer& answer, int64_t max_tokens) {
  std::string text = fmt::format("{}, {:.1f} tokens/s, the first after {:.2f} s",
                                 counted(static_cast<uint64_t>(answer.generated_tokens), "token"),
                                 answer.tokens_per_second(), answer.first_seconds);
  if (answer.finish_reason == "length")
    text += answer.generated_tokens < max_tokens ? ", the context is full" : ", cut off (/set max-tokens)";
  else if (answer.finish_reason == "cancelled") text += ", stopped";
  else if (answer.finish_reason != "stop") text += ", " + answer.finish_reason;
  return text;
}

void Speaker::show(const std::string& text) {
  if (std::exchange(musing_, false)) fmt::print(stderr, "\n");
  fmt::print("{}", for_stdout(text));
  std::fflush(stdout);
}

void Speaker::muse(const std::string& text) {
  if (!watched_) return;
  musing_ = true;
  fmt::print(stderr, "{}{}{}", kDim, show_controls(text, Shown::kAsText), kPlain);
}

Status Speaker::finish(const Result<app::ChatAnswer>& answer) {
  if (std::exchange(musing_, false)) fmt::print(stderr, "\n");
  if (!answer.ok()) return answer.error();
  if (!watched_ || !answer->text.ends_with('\n')) fmt::print("\n");
  std::fflush(stdout);
  if (watched_) fmt::print(stderr, "{}{}{}\n", kDim, summary_of(*answer, chat_.options().max_tokens), kPlain);
  if (chat_.forgotten() > std::exchange(forgotten_, chat_.forgotten()))
    terminal_.job().message("the context is full: the oldest turns are forgotten");
  if (!terminal_.stopped()) return {};
  if (!watched_ || terminal_.terminated()) return terminal_.job().stop.check("", "");
  terminal_.go_on();
  return {};
}

Status Speaker::say(const std::string& message) {
  return finish(chat_.say(
      message, [this](const std::string& text) { show(text); }, terminal_.job().stop,
      [this](const std::string& text) { muse(text); }));
}

Status Speaker::retry() {
  return finish(chat_.retry([this](const std::string& text) { show(text); }, terminal_.job().stop,
                            [this](const std::string& text) { muse(text); }));
}

}  // namespace malmoi::cli
