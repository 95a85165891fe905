// Every architecture of the table against the reference's logits and greedy continuation (tests/data/models).
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>

#include "formats/npy.h"
#include "infer/runner.h"
#include "infer/sampling.h"
#include "model/io.h"
#include "model/registry.h"

namespace malmoi::infer {
namespace {

const char* const kGoldens[] = {"gpt2", "gpt2-hub", "llama-gqa-rope3", "mistral", "qwen2"};

Path folder_of(const std::string& name) { return Path(MALMOI_TEST_DATA) / "models" / name; }

TEST(Goldens, EveryArchitectureHasOne) {
  std::set<std::string> seen;
  for (const char* name : kGoldens) seen.insert((*model::load_config(folder_of(name)))->architecture());
  for (const model::ArchitectureEntry& entry : model::architecture_table()) {
    EXPECT_TRUE(seen.contains(std::string(entry.name)) || entry.name == "llama") << entry.name;
  }
  EXPECT_TRUE(seen.contains("llama"));
}

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, LogitsWithinTheTolerance) {
  Path folder = folder_of(GetParam());
  double allowed = (*read_json((folder / "fixture.json").string()))["tolerance"];
  auto model = model::load_model(folder, {model::Purpose::kServing, DType::kF32});
  ASSERT_TRUE(model.ok()) << model.error().to_string();
  auto ids_array = formats::NpyArray::open(folder / "ids.npy");
  std::vector<int32_t> ids = *ids_array->values<int32_t>();
  std::vector<float> want = *formats::NpyArray::open(folder / "logits.npy")->values<float>();
  int64_t rows = ids_array->shape()[0], cols = ids_array->shape()[1];
  for (bool row_invariant : {false, true}) {
    Runner runner(**model, row_invariant);
    nn::BatchBuilder batch;
    for (int64_t b = 0; b < rows; ++b) batch.add({ids.data() + b * cols, static_cast<size_t>(cols)});
    std::vector<int64_t> all(static_cast<size_t>(rows * cols));
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
    std::span<const float> got = runner.logits(batch.batch(), all);
    ASSERT_EQ(got.size(), want.size());
    double worst = 0;
    for (size_t i = 0; i < want.size(); ++i) worst = std::max(worst, static_cast<double>(std::abs(got[i] - want[i])));
    EXPECT_LE(worst, allowed);
  }
}

TEST_P(Golden, GreedyWithACacheInPieces) {
  Path folder = folder_of(GetParam());
  auto model = model::load_model(folder, {model::Purpose::kServing, DType::kF32});
  auto ids_array = formats::NpyArray::open(folder / "ids.npy");
  auto want_array = formats::NpyArray::open(folder / "greedy.npy");
  std::vector<int32_t> ids = *ids_array->values<int32_t>(), want = *want_array->values<int32_t>();
  int64_t cols = ids_array->shape()[1], total = want_array->shape()[1];
  Runner runner(**model, true);
  nn::SequenceState state = runner.new_state();
  std::vector<int32_t> text(ids.begin(), ids.begin() + cols);
  for (int64_t done = 0; done < total - 1;) {
    // The prompt is read in two pieces, then token by token.
    int64_t n = done == 0 ? cols / 2 : done < cols ? cols - done : 1;
    nn::BatchBuilder batch;
    batch.add({text.data() + done, static_cast<size_t>(n)}, static_cast<int32_t>(done), &state);
    int64_t last = n - 1;
    std::span<const float> logits = runner.logits(batch.batch(), {&last, 1});
    done += n;
    if (done >= cols) text.push_back(top_candidates(logits, 1)[0].id);
  }
  EXPECT_EQ(text, std::vector<int32_t>(want.begin(), want.begin() + total));
}

TEST_P(Golden, SavedAndOpenedAgainItIsTheSame) {
  Path copy = Path(testing::TempDir()) / ("saved_" + std::string(GetParam()));
  auto model = model::load_model(folder_of(GetParam()), {model::Purpose::kTraining, DType::kF32});
  ASSERT_TRUE(model.ok());
  ASSERT_TRUE(model::save_model(**model, copy).ok());
  auto again = model::load_model(copy, {model::Purpose::kTraining, DType::kF32});
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  for (size_t i = 0; i < (*model)->parameters().size(); ++i) {
    const Tensor &a = (*model)->parameters()[i]->master, &b = (*again)->parameters()[i]->master;
    EXPECT_EQ(std::memcmp(a.data(), b.data(), a.bytes()), 0) << (*model)->parameters()[i]->name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Golden, testing::ValuesIn(kGoldens), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

}  // namespace
}  // namespace malmoi::infer
