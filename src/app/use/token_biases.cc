#include "app/use/token_biases.h"

#include <charconv>
#include <cmath>
#include <optional>

namespace malmoi::app {
namespace {

constexpr const char* kOption = "--logit-bias";

// A number that is all of a text.
template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

Result<int32_t> token_of(const tokenizer::Tokenizer* tokenizer, std::string_view name) {
  if (auto id = number_in<int32_t>(name); id && *id >= 0) return *id;
  if (!tokenizer)
    return usage_error("'" + std::string(name) + "' is no id", kOption, "there is no tokenizer: give an id");
  if (auto id = tokenizer->id_of(name)) return *id;
  const std::vector<int32_t> ids = tokenizer->encode(name);
  if (ids.size() == 1) return ids[0];
  return usage_error("'" + std::string(name) + "' is " + std::to_string(ids.size()) + " tokens", kOption,
                     "give one token, as it is spelled or as text, or an id");
}

}  // namespace

Status add_token_biases(const tokenizer::Tokenizer* tokenizer, const std::vector<std::string>& pairs,
                        chat::SamplingOptions& sampling) {
  for (const std::string& pair : pairs) {
    const size_t equals = pair.rfind('=');
    std::optional<float> bias;
    if (equals != std::string::npos && equals > 0) bias = number_in<float>(std::string_view(pair).substr(equals + 1));
    if (!bias || !std::isfinite(*bias))
      return usage_error("'" + pair + "' is no token with a number", kOption, "write ID=VALUE or TEXT=VALUE");
    MALMOI_ASSIGN(int32_t id, token_of(tokenizer, std::string_view(pair).substr(0, equals)));
    sampling.logit_bias.emplace_back(id, *bias);
  }
  return {};
}

}  // namespace malmoi::app
