#include "metrics/entities.h"

#include <algorithm>

namespace malmoi::metrics {
namespace {

constexpr std::string_view kBegins = "B-", kGoesOn = "I-";

bool is_of_kind(std::string_view label) { return label.starts_with(kBegins) || label.starts_with(kGoesOn); }

}  // namespace

bool are_iob(std::span<const std::string> labels) {
  return std::ranges::any_of(labels, is_of_kind) &&
         std::ranges::all_of(labels, [](const std::string& label) { return label == "O" || is_of_kind(label); });
}

std::vector<Entity> entities_of(std::span<const std::string> labels) {
  std::vector<Entity> entities;
  for (size_t i = 0; i < labels.size(); ++i) {
    const std::string& label = labels[i];
    if (!is_of_kind(label)) continue;
    const std::string kind = label.substr(kBegins.size());
    const bool goes_on =
        label.starts_with(kGoesOn) && !entities.empty() && entities.back().end == i && entities.back().kind == kind;
    if (goes_on) ++entities.back().end;
    else entities.push_back({kind, i, i + 1});
  }
  return entities;
}

void add_sentence(std::span<const std::string> wanted, std::span<const std::string> predicted, EntityScore& score) {
  const std::vector<Entity> gold = entities_of(wanted), found = entities_of(predicted);
  score.wanted += gold.size();
  score.predicted += found.size();
  for (const Entity& entity : found) score.found += std::ranges::find(gold, entity) != gold.end();
}

}  // namespace malmoi::metrics
