// Adapters against the reference (tests/data/adapters, as PEFT makes them), one by one, several in one batch, over packed
// weights, and merged.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "formats/gguf.h"
#include "formats/safetensors.h"
#include "infer/test_array.h"
#include "infer/test_scheduler.h"
#include "model/adapt.h"
#include "model/load.h"
#include "model/merge.h"
#include "model/save.h"
#include "model/test_adapter.h"

namespace malmoi::infer {
namespace {

using model::low_rank_tensors;
using model::write_adapter;

std::vector<Path> all_adapter_goldens() {
  std::vector<Path> folders;
  for (const auto& entry : std::filesystem::directory_iterator(Path(MALMOI_TEST_DATA) / "adapters"))
    folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  return folders;
}

class AdapterGolden : public testing::TestWithParam<Path> {
 protected:
  void SetUp() override {
    const Json fixture = *read_json((folder_ / "fixture.json").string());
    tolerance_ = fixture["tolerance"];
    base_ = Path(MALMOI_TEST_DATA) / "models" / fixture["model"].get<std::string>();
  }
  std::unique_ptr<model::Model> load(const Path& folder) {
    auto model = model::load_model(folder, {});
    EXPECT_TRUE(model.ok()) << model.error().to_string();
    return *std::move(model);
  }
  void expect_logits(const model::Model& model, bool row_invariant) {
    auto session = *Session::create(model, {.row_invariant = row_invariant});
    for (int64_t b = 0; b < ids_.shape[0]; ++b) {
      nn::RunInput text{.ids = ids_.row(b)};
      if (mask_) text.mask = mask_.row(b);
      if (decoder_ids_) session->add({.ids = decoder_ids_.row(b)}, decoder_ids_.shape[1], &text);
      else session->add(text, ids_.shape[1]);
    }
    auto got = session->logits();
    ASSERT_TRUE(got.ok()) << got.error().to_string();
    ASSERT_EQ(got->size(), logits_.values.size());
    const bool each = mask_ && !decoder_ids_ && !model.head->row_for_each_run;
    const size_t width = each ? got->size() / mask_.values.size() : 1;
    double worst = 0;
    for (size_t i = 0; i < got->size(); ++i) {
      if (!each || mask_.values[i / width] != 0)
        worst = std::max(worst, static_cast<double>(std::abs((*got)[i] - logits_.values[i])));
    }
    EXPECT_LE(worst, tolerance_);
  }

  Path folder_ = GetParam(), base_;
  double tolerance_ = 0;
  Array<int32_t> ids_{folder_ / "ids.npy"}, mask_{folder_ / "mask.npy"}, decoder_ids_{folder_ / "decoder_ids.npy"};
  Array<float> logits_{folder_ / "logits.npy"};
};

TEST_P(AdapterGolden, LogitsWithinTheTolerance) {
  auto model = load(base_);
  auto adapted = model::adapt(*model, {&folder_, 1});
  ASSERT_TRUE(adapted.ok()) << adapted.error().to_string();
  for (bool row_invariant : {false, true}) expect_logits(*model, row_invariant);
}

TEST_P(AdapterGolden, MergedItComputesTheSameFromAFolderOfItsOwn) {
  auto model = load(base_);
  auto adapted = model::adapt(*model, {&folder_, 1});
  ASSERT_TRUE(adapted.ok()) << adapted.error().to_string();
  ASSERT_TRUE(model::merge(*model, *adapted).ok());
  expect_logits(*model, false);
  const Path merged = test_folder("merged_" + folder_.filename().string());
  ASSERT_TRUE(model::save_model(*model, merged).ok());
  expect_logits(*load(merged), false);
}

INSTANTIATE_TEST_SUITE_P(All, AdapterGolden, testing::ValuesIn(all_adapter_goldens()), [](const auto& info) {
  std::string name = info.param.filename().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// Modules of tiny_model.
Path tiny_adapter(const std::string& name, const std::string& module, uint64_t seed,
                  const Json& changes = Json::object()) {
  const std::map<std::string, std::pair<int64_t, int64_t>> sizes = {
      {"q_proj", {32, 32}}, {"v_proj", {16, 32}}, {"down_proj", {32, 64}}};
  std::map<std::string, std::pair<int64_t, int64_t>> modules;
  for (const char* layer : {"0", "1"}) {
    const std::string part = module == "down_proj" ? ".mlp." : ".self_attn.";
    modules["model.layers." + std::string(layer) + part + module] = sizes.at(module);
  }
  model::AdapterTensors tensors = low_rank_tensors(modules);
  if (changes.value("use_dora", false)) {
    for (const auto& [path, size] : modules)
      tensors["base_model.model." + path + ".lora_magnitude_vector"] = {size.first};
  }
  return write_adapter(name, model::adapter_json(changes), tensors, seed);
}

std::unique_ptr<model::Model> adapted_model(const std::vector<Path>& adapters) {
  auto model = tiny_model();
  auto adapted = model::adapt(*model, adapters);
  EXPECT_TRUE(adapted.ok()) << adapted.error().to_string();
  return model;
}

std::vector<Path> three_adapters() {
  return {tiny_adapter("first", "q_proj", 1), tiny_adapter("second", "down_proj", 2, {{"lora_alpha", 9}}),
          tiny_adapter("third", "v_proj", 3, {{"use_dora", true}})};
}

std::vector<TokenRequest> requests_of_adapters() {
  std::vector<TokenRequest> requests;
  for (int32_t adapter : {1, -1, 0, 2, 1, 0}) {
    requests.push_back(request_of(20 + 9 * adapter, 12, 30 + adapter));
    requests.back().adapter = adapter;
  }
  requests.back().answers = 2;
  return requests;
}

TEST(Adapters, AnAnswerDependsOnItsOwnAdapterAlone) {
  const std::vector<Path> adapters = three_adapters();
  auto model = adapted_model(adapters);
  EXPECT_TRUE(model->mixes_adapters);
  const std::vector<TokenRequest> requests = requests_of_adapters();
  Trial trial(*model, {.prefill_rows = 16});
  for (const TokenRequest& request : requests) ASSERT_TRUE(trial.submit(request).ok());
  trial.finish();
  expect_as_alone(trial, *model, requests, {.prefill_rows = 16});
  for (size_t i = 0; i < 3; ++i) {  // and as in a model of its own
    auto own = requests[i];
    const int32_t adapter = own.adapter;
    own.adapter = 0;
    auto one = adapter < 0 ? tiny_model() : adapted_model({adapters[static_cast<size_t>(adapter)]});
    expect_same(trial.answer(i), alone(*one, own, {.prefill_rows = 16}));
  }
}

// Keys of a prompt that went through one adapter are no other's.
TEST(Adapters, BeginningsAreSharedWithinAnAdapter) {
  auto model = adapted_model(three_adapters());
  Trial trial(*model, {.prefix_bytes = size_t{1} << 24, .drafter = make_prompt_lookup()});
  std::vector<TokenRequest> requests;
  for (int32_t adapter : {0, 1, -1, 0, 1}) {
    requests.push_back(request_of(40, 12, 30));
    requests.back().adapter = adapter;
    ASSERT_TRUE(trial.submit(requests.back()).ok());
    trial.finish();
  }
  EXPECT_EQ(trial.stats().cached_tokens, 39 + 39);
  expect_as_alone(trial, *model, requests);
}

TEST(Adapters, WhereRowsAreNotKeptEachAdapterHasItsOwnPass) {
  auto model = adapted_model(three_adapters());
  model->mixes_adapters = false;
  const std::vector<TokenRequest> requests = requests_of_adapters();
  Trial trial(*model, {.prefill_rows = 16});
  for (const TokenRequest& request : requests) ASSERT_TRUE(trial.submit(request).ok());
  trial.finish();
  expect_as_alone(trial, *model, requests, {.prefill_rows = 16});
}

TEST(Adapters, ChangeWhatIsWritten) {
  auto model = adapted_model(three_adapters());
  TokenRequest request = request_of(20, 12);
  std::vector<std::vector<double>> seen;
  for (int32_t adapter : {-1, 0, 1, 2}) {
    request.adapter = adapter;
    seen.push_back(alone(*model, request).logprobs);
    for (size_t i = 0; i + 1 < seen.size(); ++i) EXPECT_NE(seen[i], seen.back());
  }
  request.adapter = 3;
  EXPECT_FALSE(Trial(*model).submit(request).ok());
  request.adapter = -2;
  EXPECT_FALSE(Trial(*model).submit(request).ok());
}

// The matrices of a PEFT adapter as llama.cpp's converter writes them: rows of q and k turned, a table's turned round.
Path as_gguf(const Path& peft, int64_t head_dim) {
  const Path path = test_folder("as_gguf") / "adapter.gguf";
  auto source = *formats::Safetensors::open(peft / "adapter_model.safetensors");
  const std::map<std::string, std::string> names = {
      {"model.layers.0.self_attn.q_proj.lora_A.weight", "blk.0.attn_q.weight.lora_a"},
      {"model.layers.0.self_attn.q_proj.lora_B.weight", "blk.0.attn_q.weight.lora_b"},
      {"model.layers.1.mlp.down_proj.lora_A.weight", "blk.1.ffn_down.weight.lora_a"},
      {"model.layers.1.mlp.down_proj.lora_B.weight", "blk.1.ffn_down.weight.lora_b"},
      {"model.embed_tokens.lora_embedding_A", "token_embd.weight.lora_a"},
      {"model.embed_tokens.lora_embedding_B", "token_embd.weight.lora_b"}};
  std::vector<formats::GgufTensorSpec> specs;
  std::vector<std::vector<float>> values;
  for (const auto& [name, written] : names) {
    const formats::StoredTensor& tensor = *source.find("base_model.model." + name);
    int64_t rows = tensor.shape[0], columns = tensor.shape[1];
    std::vector<float> from(static_cast<size_t>(rows * columns)), to = from;
    std::memcpy(from.data(), tensor.bytes.data(), tensor.bytes.size());
    const bool turned = written.find("attn_q.weight.lora_b") != std::string::npos;
    const bool round = written == "token_embd.weight.lora_a";
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t inside = r % head_dim, half = head_dim / 2;
      const int64_t row = turned ? r - inside + inside % half * 2 + inside / half : r;
      for (int64_t c = 0; c < columns; ++c)
        to[static_cast<size_t>(round ? c * rows + r : row * columns + c)] = from[static_cast<size_t>(r * columns + c)];
    }
    if (round) std::swap(rows, columns);
    specs.push_back(
        {written, formats::ggml_type("F32"), {static_cast<uint64_t>(columns), static_cast<uint64_t>(rows)}});
    values.push_back(std::move(to));
  }
  formats::GgufMetadata metadata;
  metadata.set_text("general.type", "adapter");
  metadata.set_text("general.architecture", "llama");
  metadata.set_text("adapter.type", "lora");
  metadata.set_f32("adapter.lora.alpha", 6);
  EXPECT_TRUE(formats::write_gguf(path, metadata, specs, [&](size_t i, const auto& sink) {
                return sink(std::as_bytes(std::span<const float>(values[i])));
              }).ok());
  return path;
}

TEST(Adapters, InGgufComputeTheSame) {
  auto tensors =
      low_rank_tensors({{"model.layers.0.self_attn.q_proj", {32, 32}}, {"model.layers.1.mlp.down_proj", {32, 64}}});
  tensors["base_model.model.model.embed_tokens.lora_embedding_A"] = {2, 264};
  tensors["base_model.model.model.embed_tokens.lora_embedding_B"] = {32, 2};
  const Path peft = write_adapter("to_gguf", model::adapter_json(), tensors);
  const TokenRequest request = request_of(20, 12);
  const TrialAnswer want = alone(*adapted_model({peft}), request);
  expect_same(alone(*adapted_model({as_gguf(peft, 8)}), request), want);
  EXPECT_NE(want.logprobs, alone(*tiny_model(), request).logprobs);
}

// The same adapter over packed matrices and over the same values unpacked.
TEST(Adapters, StandAroundPackedWeights) {
  const Path base = Path(MALMOI_TEST_DATA) / "gguf" / "llama-headdim" / "model.gguf";
  std::vector<std::vector<float>> seen;
  for (bool packed : {true, false}) {
    auto loaded = model::load_model(base, {.keep_packed = packed});
    ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
    model::Model& model = **loaded;
    std::map<std::string, std::pair<int64_t, int64_t>> modules;
    for (const auto& entry : model.parameters.entries()) {
      if (entry->spec.role != nn::Role::kMatrix || entry->slots.size() != 1) continue;
      for (const nn::Source& source : entry->spec.sources)
        modules[source.name.substr(0, source.name.rfind('.'))] = {source.rows, entry->spec.shape.columns()};
    }
    const Path adapter = write_adapter("packed", model::adapter_json(), low_rank_tensors(modules), 5);
    const std::vector<int32_t> ids = {5, 9, 21, 3};
    auto adapted = model::adapt(model, {&adapter, 1});
    ASSERT_TRUE(adapted.ok()) << adapted.error().to_string();
    auto session = *Session::create(model);
    session->add({.ids = ids}, 4);
    auto logits = session->logits();
    ASSERT_TRUE(logits.ok());
    seen.emplace_back(logits->begin(), logits->end());
  }
  ASSERT_EQ(seen[0].size(), seen[1].size());
  float largest = 0;
  for (float value : seen[1]) largest = std::max(largest, std::abs(value));
  for (size_t i = 0; i < seen[0].size(); ++i) EXPECT_NEAR(seen[0][i], seen[1][i], 0.02f * largest);
}

}  // namespace
}  // namespace malmoi::infer
