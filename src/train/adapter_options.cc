#include "train/adapter_options.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace malmoi::train {
namespace {

constexpr int64_t kHighestRank = 1 << 16;
constexpr const char* kRoundedTypes[] = {"q8_0", "q4_0"};
constexpr double kLargestAlpha = 1e9, kLargestRatio = 1e4;

// `targets`: all-linear, a list of names, or one pattern of whole names.
void read_targets(ConfigReader& r, AdapterOptions& options) {
  const Json& targets = r.raw("targets");
  if (targets.is_null() || targets == "all-linear") return;
  if (targets.is_string()) {
    options.pattern = r.text("targets", "");
    return;
  }
  options.targets = r.texts("targets");
  if (options.targets.empty()) r.fail("targets", "names nothing", "leave it out, or name modules: [q_proj, v_proj]");
}

// `new_tokens`: texts, each once.
void read_new_tokens(ConfigReader& r, AdapterOptions& options) {
  options.new_tokens = r.texts("new_tokens");
  std::set<std::string> known;
  for (const std::string& token : options.new_tokens) {
    if (token.empty()) r.fail("new_tokens", "has an empty token", "leave it out");
    else if (!known.insert(token).second) r.fail("new_tokens", "has '" + token + "' twice", "name it once");
  }
}

void read_new(ConfigReader& r, AdapterOptions& options) {
  r.choice("type", {"lora"}, 0);
  options.rank = r.integer("r", 16, 1, kHighestRank);
  options.alpha = r.number("alpha", static_cast<double>(options.rank), -kLargestAlpha, kLargestAlpha);
  read_targets(r, options);
  options.save_whole = r.texts("save_whole");
  read_new_tokens(r, options);
  options.rank_stabilised = r.boolean("rslora", false);
  options.magnitudes = r.boolean("dora", false);
  options.principal = r.choice("init", {"default", "pissa"}, 0) == 1;
  if (options.principal && options.magnitudes) r.fail("init", "is pissa beside dora", "leave one of them out");
  if (options.principal && options.alpha <= 0) r.fail("alpha", "must be above 0 where init is pissa");
}

}  // namespace

std::optional<AdapterOptions> read_adapter_options(ConfigReader& root, Status& done) {
  if (!root.has("adapter")) return {};
  ConfigReader r = root.object("adapter");
  AdapterOptions options;
  if (r.has("init_from")) {
    options.init_from = r.text("init_from", "");
    for (const char* key : {"type", "r", "alpha", "targets", "save_whole", "new_tokens", "rslora", "dora", "init"}) {
      if (r.has(key)) r.fail(key, "stands beside init_from, whose file says it", "leave it out, or init_from");
    }
  } else {
    read_new(r, options);
  }
  options.lora_plus = r.number("lora_plus", 1, 1e-4, kLargestRatio);
  done = r.finish();
  return options;
}

std::optional<QuantizeOptions> read_quantize_options(ConfigReader& model, Status& done) {
  if (!model.has("quantize")) return {};
  ConfigReader r = model.object("quantize");
  QuantizeOptions options;
  options.type = r.text("type", "");
  if (options.type.empty()) r.fail("type", "is missing", "name a type of blocks: q8_0, q4_k, nf4");
  options.skip = r.texts("skip");
  done = r.finish();
  return options;
}

std::optional<RoundingOptions> read_rounding_options(ConfigReader& train, int64_t steps, Status& done) {
  if (!train.has("quantize_aware")) return {};
  ConfigReader r = train.object("quantize_aware");
  RoundingOptions options;
  options.type = kRoundedTypes[r.choice("type", {std::begin(kRoundedTypes), std::end(kRoundedTypes)}, 0)];
  if (!r.has("type")) r.fail("type", "is missing", "name what the model will be packed in: q8_0 or q4_0");
  options.skip = r.texts("skip");
  options.from_step = r.integer("from_step", 0, 0);
  if (steps > 0 && options.from_step >= steps)
    r.fail("from_step", "is not one of the " + std::to_string(steps) + " steps", "begin earlier");
  done = r.finish();
  return options;
}

}  // namespace malmoi::train
