#include "app/compare/recall.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/rng.h"
#include "data/token_file.h"
#include "infer/session.h"

namespace malmoi::app {
namespace {

constexpr double kNewPairs = 0.5;  // of all
constexpr uint64_t kTestStream = 1;
constexpr uint64_t kSeed = 0x7265;  // "re"

// How many pairs back, 1 to `most`: even by its logarithm.
int64_t pairs_back(Rng& rng, int64_t most) {
  const double back = std::exp(rng.uniform() * std::log(static_cast<double>(most) + 1));
  return std::clamp<int64_t>(static_cast<int64_t>(back), 1, most);
}

}  // namespace

int64_t recall_vocabulary(const RecallConfig& config) { return 2 * config.keys; }

RecallSequence recall_sequence(const RecallConfig& config, uint64_t stream, uint64_t n) {
  Rng rng(kSeed + stream, n);
  const auto keys = static_cast<uint64_t>(config.keys);
  RecallSequence sequence;
  std::vector<int32_t> value_of(static_cast<size_t>(config.keys), -1);  // of keys that stood
  for (int64_t pair = 0; pair < config.length / 2; ++pair) {
    const bool is_new = pair == 0 || rng.uniform() < kNewPairs;
    if (is_new) {
      const auto key = static_cast<int32_t>(rng.below(keys));
      // A key that stood already keeps its value: where it stood last is its distance.
      int32_t& value = value_of[static_cast<size_t>(key)];
      const bool stood = value >= 0;
      if (!stood) value = static_cast<int32_t>(keys + rng.below(keys));
      int32_t distance = 0;
      for (int64_t back = 1; stood && distance == 0; ++back) {
        if (sequence.ids[static_cast<size_t>(2 * (pair - back))] == key) distance = static_cast<int32_t>(2 * back);
      }
      sequence.ids.insert(sequence.ids.end(), {key, value});
      sequence.distances.push_back(distance);
      continue;
    }
    const int64_t back = pairs_back(rng, pair);
    const auto key = sequence.ids[static_cast<size_t>(2 * (pair - back))];
    int64_t nearest = 1;  // it may have stood again since
    while (sequence.ids[static_cast<size_t>(2 * (pair - nearest))] != key) ++nearest;
    sequence.ids.insert(sequence.ids.end(), {key, value_of[static_cast<size_t>(key)]});
    sequence.distances.push_back(static_cast<int32_t>(2 * nearest));
  }
  return sequence;
}

Status write_recall_data(const RecallConfig& config, int64_t sequences, const Path& folder) {
  MALMOI_TRY(make_folder(folder));
  MALMOI_ASSIGN(data::TokenWriter writer, data::TokenWriter::create(folder / "train.bin", recall_vocabulary(config)));
  std::string mask;
  for (int64_t n = 0; n < sequences; ++n) {
    const RecallSequence sequence = recall_sequence(config, 0, static_cast<uint64_t>(n));
    MALMOI_TRY(writer.add(sequence.ids));
    for (int32_t distance : sequence.distances) {
      mask += distance > 0 ? '\1' : '\0';  // at a key: what comes next
      mask += '\0';                        // which key comes is chance
    }
  }
  MALMOI_TRY(write_file(folder / "mask.bin", mask));
  return writer.commit();
}

Result<std::vector<RecallScore>> score_recall(const model::Model& model, const RecallConfig& config,
                                              int64_t sequences) {
  MALMOI_ASSIGN(auto session, infer::Session::create(model, {.row_invariant = false}));
  std::vector<RecallScore> scores;
  for (int64_t n = 0; n < sequences; ++n) {
    const RecallSequence sequence = recall_sequence(config, kTestStream, static_cast<uint64_t>(n));
    session->add({.ids = sequence.ids}, config.length);
    MALMOI_ASSIGN(std::span<const float> logits, session->logits());
    const auto width = static_cast<size_t>(model.vocab_size());
    for (size_t pair = 0; pair < sequence.distances.size(); ++pair) {
      const int32_t distance = sequence.distances[pair];
      if (distance == 0) continue;
      const auto bucket =
          static_cast<size_t>(std::bit_width(static_cast<uint32_t>(distance)) - 2);  // 2 3 | 4 .. 7 | ...
      while (scores.size() <= bucket) scores.push_back({.distance = int64_t{2} << scores.size()});
      const std::span<const float> row = logits.subspan(2 * pair * width, width);  // of the key: what comes next
      const auto best = std::max_element(row.begin(), row.end()) - row.begin();
      ++scores[bucket].asked;
      scores[bucket].found += best == sequence.ids[2 * pair + 1];
    }
  }
  return scores;
}

}  // namespace malmoi::app
