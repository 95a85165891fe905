#include "protocol/sampler_fields.h"

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>

namespace malmoi::protocol {
namespace {

// Read by read_options(), with OpenAI's ranges.
bool is_openais(std::string_view name) {
  constexpr std::string_view kNames[] = {"temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty"};
  return std::ranges::find(kNames, name) != std::end(kNames);
}

std::optional<double> read_number(Fields& fields, std::string_view name, const chat::SamplingField& field) {
  if (std::holds_alternative<int64_t chat::SamplingOptions::*>(field.member)) {
    auto whole = fields.integer(name, static_cast<int64_t>(field.low), static_cast<int64_t>(field.high));
    return whole ? std::optional(static_cast<double>(*whole)) : std::nullopt;
  }
  std::optional<double> number = fields.number(name, field.low, field.high);
  if (number && field.above_low && *number == field.low)
    fields.fail(name, "'" + std::string(name) + "' is not above " + dump_json(field.low));
  return number;
}

void read_field(Fields& fields, const chat::SamplingField& field, const chat::SamplingOptions& defaults,
                chat::SamplingOptions& sampling) {
  std::optional<double> value = read_number(fields, field.name, field);
  if (!field.alias.empty()) {
    std::optional<double> other = read_number(fields, field.alias, field);
    if (!value) value = other;
  }
  std::visit(
      [&](auto member) {
        auto& option = sampling.*member;
        option = value ? static_cast<std::remove_reference_t<decltype(option)>>(*value) : defaults.*member;
      },
      field.member);
}

}  // namespace

void read_sampler_fields(Fields& fields, const chat::SamplingOptions& defaults, chat::SamplingOptions& sampling) {
  for (const chat::SamplingField& field : chat::sampling_fields()) {
    if (!is_openais(field.name)) read_field(fields, field, defaults, sampling);
  }
  const bool given = fields.raw("dry_sequence_breakers") != nullptr;
  std::vector<std::string> breakers = fields.texts("dry_sequence_breakers", chat::kMostBreakers);
  if (std::ranges::any_of(breakers, [](const std::string& text) { return text.size() > chat::kLongestBreaker; }))
    fields.fail("dry_sequence_breakers",
                "'dry_sequence_breakers' has a text of more than " + std::to_string(chat::kLongestBreaker) + " bytes");
  sampling.dry_sequence_breakers = given ? std::move(breakers) : defaults.dry_sequence_breakers;
}

}  // namespace malmoi::protocol
