#include "app/compare/cost.h"

#include <algorithm>

#include "base/log.h"
#include "base/rng.h"
#include "infer/session.h"

namespace malmoi::app {
namespace {

constexpr int64_t kTokensAtOnce = 512;
constexpr int64_t kTokens = 16;  // timed together
constexpr int kRuns = 3;

class Reader {
 public:
  Reader(infer::Session& session, nn::SequenceState& state) : session_(session), state_(state) {}

  Status read(int64_t n) {
    std::vector<int32_t> ids(static_cast<size_t>(n));
    for (int32_t& id : ids) id = static_cast<int32_t>(rng_.below(static_cast<uint64_t>(session_.model().vocab_size())));
    session_.append(state_, ids);
    auto logits = session_.logits();
    return logits.ok() ? Status() : Status(logits.error());
  }

 private:
  infer::Session& session_;
  nn::SequenceState& state_;
  Rng rng_{11};
};

}  // namespace

Result<std::vector<ContextCost>> measure_contexts(const model::Model& model, const std::vector<int64_t>& contexts,
                                                  const StopToken& stop) {
  std::vector<int64_t> lengths = contexts;
  std::sort(lengths.begin(), lengths.end());
  MALMOI_ASSIGN(auto session, infer::Session::create(model));
  MALMOI_ASSIGN(nn::SequenceState state, session->open());
  Reader reader(*session, state);
  std::vector<ContextCost> costs;
  for (int64_t length : lengths) {
    if (length + kRuns * kTokens > model.max_positions()) break;
    while (state.length() < length) {
      MALMOI_TRY(stop.check());
      MALMOI_TRY(reader.read(std::min(kTokensAtOnce, length - state.length())));
    }
    ContextCost cost{.context = length, .state_bytes = state.bytes()};
    for (int run = 0; run < kRuns; ++run) {
      const double begin = monotonic_seconds();
      for (int64_t i = 0; i < kTokens; ++i) MALMOI_TRY(reader.read(1));
      const double seconds = (monotonic_seconds() - begin) / static_cast<double>(kTokens);
      cost.seconds_per_token = run == 0 ? seconds : std::min(cost.seconds_per_token, seconds);
    }
    costs.push_back(cost);
  }
  return costs;
}

}  // namespace malmoi::app
