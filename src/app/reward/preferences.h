// `malmoi data prefer`: a model answers prompts several times, rewards judge its answers, and of what differs pairs are made that `dpo`
// and its kin learn from.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/reward/preference_pairs.h"
#include "base/config.h"
#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"
#include "chat/sampling.h"
#include "reward/reward_set.h"

namespace malmoi::app {

struct PreferOptions {
  std::string model;                 // as find_model() reads it; a run or folder of an adapter, too
  std::vector<std::string> prompts;  // tables with the column `prompt` and those that rewards read
  int64_t limit = 0;                 // prompts; 0: all
  int64_t answers = 8;               // to each prompt
  int64_t max_tokens = 128;          // of an answer
  chat::SamplingOptions sampling;    // temperature, top_p, top_k and seed
  std::string chat_template = "auto";
  PairRules rules;          // no pairs: answers are judged alone
  std::string before = {};  // a folder that an earlier call made: what figures are compared with
};

/// Reads `model`, `prompts`, `rewards` and the options, which have the names of the fields above (`pairs` and `least_difference` of the rules,
/// `temperature`, `top_p`, `top_k`, `seed` of sampling), and finishes the reader.
struct PreferConfig {
  PreferOptions options;
  reward::RewardSet rewards;
};
Result<PreferConfig> read_prefer_config(ConfigReader& reader);

struct PreferReport {
  uint64_t prompts = 0, answers = 0, pairs = 0;
  uint64_t ties = 0;      // prompts whose answers are all worth the same
  uint64_t unusable = 0;  // other prompts of whose answers none make a pair
  uint64_t failed = 0;    // answers that could not be judged
  /// Of all answers: `reward`, `reward_NAME`, `best_reward` (of the best answer to each prompt), `answer_tokens`, `truncated`.
  std::vector<std::pair<std::string, double>> figures;
  Json before = Json::object();  // the same of an earlier call; {}: nothing was named
};
/// The counts, and `figures` and `before` as objects.
Json to_json(const PreferReport& report);
/// The same for people, of what preferences.json holds; what is damaged in it is left out.
std::string preferences_text(const Json& report);

/// Writes out/answers.jsonl (each answer with its row and what it is worth), out/pairs.jsonl where pairs are asked for, and
/// out/preferences.json. Errors: a model that does not go on with a text, prompts that it or the rewards cannot read, and, where pairs are
/// asked for, answers that are all worth the same; a stop.
Result<PreferReport> prefer(PreferConfig config, const Path& out, const Job& job);

}  // namespace malmoi::app
