#include "app/compress/vocab.h"

#include <algorithm>

#include "app/compress/beside.h"
#include "app/compress/texts.h"
#include "app/store/choice.h"
#include "app/use/generate.h"
#include "base/json_read.h"
#include "base/parallel.h"
#include "data/corpus.h"
#include "model/folder_tensors.h"
#include "model/load.h"
#include "reshape/extend.h"
#include "reshape/focus.h"
#include "reshape/tokenizer_json.h"
#include "reshape/vocabulary_rows.h"
#include "tokenizer/parts.h"

namespace malmoi::app {
namespace {

using tokenizer::Tokenizer;

constexpr uint64_t kLargestSettings = 64 << 20;
constexpr size_t kTokensShown = 10;
constexpr const char* kGeneration = "generation_config.json";
constexpr const char* kTokenizerSettings = "tokenizer_config.json";

// A model's folder with its tokenizer, and the folder that is made of it.
struct Revocabulated {
  model::FolderTensors folder;
  Tokenizer tokenizer;
};

Result<Revocabulated> open_for_vocabulary(const std::string& name, const Path& out, const Job& job) {
  MALMOI_ASSIGN(const Path path, find_model(name, job.message));
  MALMOI_TRY(check_other_folder(path, out));
  MALMOI_ASSIGN(model::FolderTensors folder, model::open_folder_tensors(path));
  if (!folder.model->config().contains("vocab_size"))
    return unsupported("the config says no vocab_size", path.string(), "use a model with one vocabulary");
  MALMOI_ASSIGN(Tokenizer tokenizer, Tokenizer::load(path));
  return Revocabulated{std::move(folder), std::move(tokenizer)};
}

// Visits the ids of each text.
template <typename Visit>
Status each_encoded(const Path& data, const Tokenizer& tokenizer, const Job& job, const Visit& visit) {
  return each_text(data, job, [&](const std::string& text) -> Status {
    visit(tokenizer.encode(text));
    return {};
  });
}

Result<uint64_t> tokens_of(const Path& data, const Tokenizer& tokenizer, const Job& job) {
  uint64_t tokens = 0;
  MALMOI_TRY(each_encoded(data, tokenizer, job, [&](const std::vector<int32_t>& ids) { tokens += ids.size(); }));
  return tokens;
}

// A settings file with other ids; one that is not there, or no JSON object, is none.
Result<Json> settings_of(const Path& file) {
  if (!malmoi::exists(file)) return Json();
  MALMOI_ASSIGN(Json settings, read_json(file.string(), kLargestSettings));
  return settings.is_object() ? settings : Json();
}

std::vector<int32_t> named_ids(std::vector<Json> configs, int64_t rows) {
  std::vector<int32_t> ids;
  for (Json& config : configs) {
    reshape::visit_config_ids(config, [&](const Json& id) {
      const auto value = id.get<int64_t>();
      if (value >= 0 && value < rows) ids.push_back(static_cast<int32_t>(value));
    });
  }
  return ids;
}

// An id that was beyond all rows stays what it was: nothing.
void renew_ids(Json& config, const std::vector<int32_t>& renewed) {
  reshape::visit_config_ids(config, [&](Json& id) {
    const auto value = id.get<int64_t>();
    if (value >= 0 && value < static_cast<int64_t>(renewed.size()) && renewed[static_cast<size_t>(value)] >= 0)
      id = renewed[static_cast<size_t>(value)];
  });
}

// Added tokens once more, by id.
void renew_decoder(Json& settings, const std::vector<int32_t>& renewed) {
  if (!settings.contains("added_tokens_decoder") || !settings["added_tokens_decoder"].is_object()) return;
  Json list = Json::object();
  for (const auto& [key, token] : settings["added_tokens_decoder"].items()) {
    const bool is_number =
        !key.empty() && key.size() < 9 && std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; });
    const size_t id = is_number ? static_cast<size_t>(std::stoul(key)) : SIZE_MAX;
    if (id < renewed.size() && renewed[id] >= 0) list[std::to_string(renewed[id])] = token;
  }
  settings["added_tokens_decoder"] = std::move(list);
}

Status check_padding(const model::Model& model, const Json& config) {
  const model::Family& family = *model::find_family(model.model_type());
  if (!family.positions_follow_padding ||
      config.value("pad_token_id", Json()) == model.config().value("pad_token_id", Json()))
    return {};
  return unsupported(
      "positions of a " + model.model_type() + " follow from the id of its padding token, which would change",
      "pad_token_id", "trim a model of another family");
}

// The tokenizer and what stands beside the weights; `settings` have new ids already.
Status write_beside(const Revocabulated& from, const Path& out, const std::string& tokenizer_json,
                    const Json& generation, const Json& settings) {
  MALMOI_TRY(copy_beside(from.folder.folder, out, [](std::string_view name) {
    return is_tokenizer_file(name) || name == kGeneration || name == kTokenizerSettings;
  }));
  MALMOI_TRY(write_file(out / "tokenizer.json", tokenizer_json));
  if (generation.is_object()) MALMOI_TRY(write_file(out / kGeneration, dump_json(generation, 2) + "\n"));
  if (settings.is_object()) return write_file(out / kTokenizerSettings, dump_json(settings, 2) + "\n");
  return {};
}

Status finish_vocab_report(VocabReport& report, const Revocabulated& from, const Path& out) {
  report.out = out;
  report.vocab_before = from.folder.model->vocab_size();
  report.parameters_before = static_cast<uint64_t>(from.folder.model->parameter_count());
  MALMOI_ASSIGN(const model::FolderTensors made, model::open_folder_tensors(out));  // it opens, and all tables fit
  report.vocab_after = made.model->vocab_size();
  report.parameters_after = static_cast<uint64_t>(made.model->parameter_count());
  return {};
}

Result<std::vector<std::string>> lines_of(const Path& file) {
  MALMOI_ASSIGN(const std::string text, read_file(file, kLargestSettings));
  std::vector<std::string> lines;
  tell_lines(
      [&](const std::string& line) {
        if (!line.empty() && line != "\r")
          lines.push_back(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
      },
      text);
  if (lines.empty()) return invalid_data("has no line with a token", file.string(), "write one a line");
  return lines;
}

Result<reshape::ExtendedVocabulary> learn_tokens(const VocabExtendOptions& options, const Tokenizer& tokenizer,
                                                 const Job& job) {
  if (options.tokens.has_value() == (options.add > 0))
    return usage_error("one of --tokens and --add is needed", "malmoi vocab extend",
                       "give a list, or --data and --add N");
  if (!options.data && (options.focus || options.add > 0))
    return usage_error("no texts are given", "--data", "name them");
  if (options.tokens) {
    MALMOI_ASSIGN(const std::vector<std::string> tokens, lines_of(*options.tokens));
    return reshape::extend_by_tokens(tokenizer, tokens);
  }
  MALMOI_ASSIGN(auto documents, data::open_documents({*options.data}, ""));
  data::Document document;
  Status read;
  auto extended = reshape::extend_by_texts(
      tokenizer,
      [&](std::string& text) {
        const auto more = documents->next(document);
        if (!more.ok()) read = more.error();
        if (!more.ok() || !*more) return false;
        text = document.text;
        return true;
      },
      options.add, job);
  if (!read.ok()) return read.error();
  return extended;
}

// Rows of the old ids, of rows that nothing used as far as they are needed, and of the new ones.
reshape::RowOrigins rows_with(const reshape::ExtendedVocabulary& extended, const Revocabulated& from) {
  const auto first = static_cast<size_t>(from.tokenizer.vocab_size());
  const size_t rows = std::max(static_cast<size_t>(from.folder.model->vocab_size()), first + extended.origins.size());
  reshape::RowOrigins origins;
  for (size_t id = 0; id < rows; ++id) {
    const bool is_new = id >= first && id < first + extended.origins.size();
    origins.push_back({is_new ? extended.origins[id - first] : std::vector<int32_t>{static_cast<int32_t>(id)}});
  }
  return origins;
}

// Rows of new tokens by their company; of those that the texts have not, what they were.
Result<int64_t> focus_rows(reshape::RowOrigins& origins, const reshape::ExtendedVocabulary& extended,
                           const Revocabulated& from, const Path& data, const Job& job) {
  MALMOI_ASSIGN(const Tokenizer made, Tokenizer::from_json(extended.tokenizer));
  reshape::AuxiliaryVectors vectors(made.vocab_size());
  MALMOI_TRY(each_encoded(data, made, job, [&](const std::vector<int32_t>& ids) { vectors.count(ids); }));
  MALMOI_TRY(each_encoded(data, made, job, [&](const std::vector<int32_t>& ids) { vectors.learn(ids); }));
  vectors.finish();
  const int32_t first = from.tokenizer.vocab_size();
  std::vector<char> found(extended.origins.size());
  parallel_for(static_cast<int64_t>(extended.origins.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const reshape::WeightedIds like = vectors.like(first + static_cast<int32_t>(i), first);
      if (like.empty()) continue;
      reshape::RowOrigin row;
      for (const auto& [id, share] : like) {
        row.ids.push_back(id);
        row.shares.push_back(share);
      }
      origins[static_cast<size_t>(first) + static_cast<size_t>(i)] = std::move(row);
      found[static_cast<size_t>(i)] = 1;
    }
  });
  return std::ranges::count(found, 1);
}

}  // namespace

Json to_json(const VocabReport& report) {
  Json json = {{"out", report.out.string()},
               {"vocab_before", report.vocab_before},
               {"vocab_after", report.vocab_after},
               {"parameters_before", report.parameters_before},
               {"parameters_after", report.parameters_after}};
  if (report.in_use >= 0) json["in_use"] = report.in_use;
  if (report.parts >= 0) json["parts_of_others"] = report.parts;
  if (report.by_company >= 0) json["rows_by_company"] = report.by_company;
  if (report.tokens_before > 0) {
    json["tokens_before"] = report.tokens_before;
    json["tokens_after"] = report.tokens_after;
  }
  if (report.added.empty()) return json;
  json["added"] = Json::array();
  for (const auto& [token, id] : report.added) json["added"].push_back({{"token", token}, {"id", id}});
  return json;
}

Result<VocabReport> trim_model(const VocabTrimOptions& options, const Job& job) {
  MALMOI_ASSIGN(const Revocabulated from, open_for_vocabulary(options.model, options.out, job));
  const int64_t rows = from.folder.model->vocab_size();
  MALMOI_ASSIGN(const std::string text, tokenizer::to_tokenizer_json(from.tokenizer.parts()));
  MALMOI_ASSIGN(const Json before, parse_json(text, "tokenizer.json"));
  std::vector<uint64_t> counts(static_cast<size_t>(from.tokenizer.vocab_size()));
  VocabReport report;
  MALMOI_TRY(each_encoded(options.data, from.tokenizer, job, [&](const std::vector<int32_t>& ids) {
    for (int32_t id : ids) ++counts[static_cast<size_t>(id)];
    report.tokens_before += ids.size();
  }));
  if (report.tokens_before == 0)
    return invalid_data("holds no token that could be read", options.data.string(), "give some text");
  Json config = from.folder.model->config();
  MALMOI_ASSIGN(Json generation, settings_of(from.folder.folder / kGeneration));
  MALMOI_ASSIGN(Json settings, settings_of(from.folder.folder / kTokenizerSettings));
  MALMOI_ASSIGN(
      const reshape::TrimmedVocabulary trimmed,
      reshape::trim_vocabulary(before, counts, named_ids({config, generation}, rows), options.rule, "--size"));
  const std::vector<int32_t> renewed = reshape::new_ids(trimmed.kept, static_cast<size_t>(rows));
  renew_ids(config, renewed);
  renew_ids(generation, renewed);
  renew_decoder(settings, renewed);
  MALMOI_TRY(check_padding(*from.folder.model, config));
  reshape::RowOrigins origins;
  for (int32_t id : trimmed.kept) origins.push_back({{id}});
  MALMOI_TRY(reshape::write_vocabulary(from.folder, origins, config, options.out, job));
  MALMOI_TRY(write_beside(from, options.out, dump_json(trimmed.tokenizer), generation, settings));
  report.in_use = trimmed.in_use;
  report.parts = trimmed.parts;
  MALMOI_TRY(finish_vocab_report(report, from, options.out));
  MALMOI_ASSIGN(const Tokenizer made, Tokenizer::load(options.out));
  MALMOI_ASSIGN(report.tokens_after, tokens_of(options.data, made, job));
  return report;
}

Result<VocabReport> extend_model(const VocabExtendOptions& options, const Job& job) {
  MALMOI_ASSIGN(const Revocabulated from, open_for_vocabulary(options.model, options.out, job));
  MALMOI_ASSIGN(const reshape::ExtendedVocabulary extended, learn_tokens(options, from.tokenizer, job));
  reshape::RowOrigins origins = rows_with(extended, from);
  VocabReport report;
  if (options.focus) {
    MALMOI_ASSIGN(report.by_company, focus_rows(origins, extended, from, *options.data, job));
  }
  MALMOI_TRY(reshape::write_vocabulary(from.folder, origins, from.folder.model->config(), options.out, job));
  MALMOI_ASSIGN(const Json generation, settings_of(from.folder.folder / kGeneration));
  MALMOI_ASSIGN(const Json settings, settings_of(from.folder.folder / kTokenizerSettings));
  MALMOI_TRY(write_beside(from, options.out, extended.tokenizer, generation, settings));
  MALMOI_TRY(finish_vocab_report(report, from, options.out));
  MALMOI_ASSIGN(const Tokenizer made, Tokenizer::load(options.out));
  for (size_t i = 0; i < std::min(extended.tokens.size(), kTokensShown); ++i)
    report.added.emplace_back(extended.tokens[i], made.id_of(extended.tokens[i]).value_or(-1));
  if (!options.data) return report;
  MALMOI_ASSIGN(report.tokens_before, tokens_of(*options.data, from.tokenizer, job));
  MALMOI_ASSIGN(report.tokens_after, tokens_of(*options.data, made, job));
  return report;
}

}  // namespace malmoi::app
