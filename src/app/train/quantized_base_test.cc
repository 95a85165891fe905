// Adapters around a base in blocks learn what they learn around the values that the blocks stand for, whatever the type.
#include <gtest/gtest.h>

#include <vector>

#include "app/train/plan.h"
#include "app/train/small_run.h"
#include "infer/tiny_model.h"
#include "model/adapter.h"
#include "model/save.h"
#include "quantize/pack.h"
#include "quantize/skipped_modules.h"

namespace malmoi::app {
namespace {

// 64 and 128 wide: rows fill blocks of 64.
std::unique_ptr<model::Model> two_layers() {
  return infer::tiny_model_of({{"model_type", "llama"},
                               {"vocab_size", 264},
                               {"hidden_size", 64},
                               {"intermediate_size", 128},
                               {"num_hidden_layers", 2},
                               {"num_attention_heads", 4},
                               {"num_key_value_heads", 2},
                               {"max_position_embeddings", 128},
                               {"initializer_range", 0.2},
                               {"tie_word_embeddings", false}},
                              7);
}

// Each matrix packed and unpacked.
void round_matrices(model::Model& model, const BlockFormat& format) {
  for (auto& entry : model.parameters.entries()) {
    if (!quantize::may_be_packed(*entry)) continue;
    Tensor& values = entry->parameter.master ? entry->parameter.master : entry->parameter.compute;
    const int64_t columns = entry->spec.shape.columns();
    std::vector<uint8_t> blocks(format.bytes_of(columns));
    for (int64_t r = 0; r < entry->spec.shape.rows(); ++r) {
      float* row = values.as<float>() + r * columns;
      quantize::pack_row(format.type, row, columns, {}, blocks.data());
      decode_blocks(format, blocks.data(), columns / format.elements, row);
    }
  }
}

class QuantizedBases : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    document_.root.erase("tokenizer");
    document_.root.erase("samples");
    document_.root["adapter"] = {{"r", 2}, {"alpha", 4}};
    document_.root["train"]["optimizer"] = {{"lr", 0.01}};
    save("base", *two_layers());
  }
  void save(const std::string& name, const model::Model& model) const {
    ASSERT_TRUE(model::save_model(model, folder_ / name).ok());
    ASSERT_TRUE(write_file(folder_ / name / "tokenizer.json", infer::tiny_tokenizer_json()).ok());
  }
  // Around the base of that name, in blocks where there is a type.
  std::vector<double> losses(const std::string& base, const std::string& type) {
    document_.root["model"] = {{"init_from", (folder_ / base).string()}};
    if (!type.empty()) document_.root["model"]["quantize"] = {{"type", type}};
    document_.root["out"] = (folder_ / ("run-" + base + type)).string();
    std::vector<double> told;
    for (const Json& row : metrics_of(document_)) told.push_back(row["loss"]);
    return told;
  }
};

TEST_F(QuantizedBases, LearnAsAroundTheValuesOfTheirBlocks) {
  const std::vector<double> plain = losses("base", "");
  for (const char* type : {"q8_0", "q4_0", "nf4"}) {
    SCOPED_TRACE(type);
    auto rounded = two_layers();
    round_matrices(*rounded, *find_block_format(type));
    save(type, *rounded);
    const std::vector<double> packed = losses("base", type), wanted = losses(type, "");
    ASSERT_EQ(packed.size(), wanted.size());
    ASSERT_GE(packed.size(), 4u);
    for (size_t s = 0; s < packed.size(); ++s) EXPECT_NEAR(packed[s], wanted[s], 1e-5) << s;
    EXPECT_NE(packed, plain) << "the base was rounded";
    EXPECT_TRUE(model::open_adapter(folder_ / ("run-base" + std::string(type)) / "adapter").ok());
  }
}

TEST_F(QuantizedBases, ArePlannedByTheirBits) {
  auto weights = [&](const char* type) {
    document_.root["model"] = {{"init_from", (folder_ / "base").string()}, {"quantize", {{"type", type}}}};
    auto report = plan(document_, {.rate = 1e9});
    EXPECT_TRUE(report.ok()) << report.error().to_string();
    return report.ok() ? static_cast<double>(report->memory.weights) : 0;
  };
  const double elements = 2 * (64 * (64 + 32 + 32 + 64) + 3 * 64 * 128) + 2 * 264 * 64;
  const double saved = (8.5 - 4.25) / 8 * elements;
  EXPECT_NEAR(weights("q8_0") - weights("nf4"), saved, 0.06 * saved) << "panels are filled up to 16 rows and 64 bytes";
}

}  // namespace
}  // namespace malmoi::app
