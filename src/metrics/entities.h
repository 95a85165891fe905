// Names and their kinds in sentences of labelled words (IOB), and how many of them were found (Tjong Kim Sang & De Meulder 2003).
//
//   precision = found / predicted    recall = found / wanted    F1 = 2 found / (predicted + wanted)
//
// An entity is found where its words and its kind are all right. As seqeval counts them by default: an I- that goes on with
// nothing of its kind begins an entity.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace malmoi::metrics {

struct Entity {
  std::string kind;
  size_t begin = 0, end = 0;  // words [begin, end)
  bool operator==(const Entity&) const = default;
};

/// Whether labels are O, B-KIND and I-KIND alone, at least one of them a kind's.
bool are_iob(std::span<const std::string> labels);

/// The entities of a sentence, in order.
std::vector<Entity> entities_of(std::span<const std::string> labels);

struct EntityScore {
  size_t found = 0, predicted = 0, wanted = 0;
  double precision() const { return predicted == 0 ? 0 : static_cast<double>(found) / static_cast<double>(predicted); }
  double recall() const { return wanted == 0 ? 0 : static_cast<double>(found) / static_cast<double>(wanted); }
  double f1() const {
    return predicted + wanted == 0 ? 0 : 2 * static_cast<double>(found) / static_cast<double>(predicted + wanted);
  }
};

/// Counts a sentence whose words have as many labels on both sides.
void add_sentence(std::span<const std::string> wanted, std::span<const std::string> predicted, EntityScore& score);

}  // namespace malmoi::metrics
