#include "app/train/setup.h"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/utf8.h"
#include "data/corpus.h"
#include "data/token_file.h"
#include "kernels/gemm.h"
#include "model/io.h"
#include "model/registry.h"

namespace malmoi::app {
namespace {

using train::TrainConfig;

std::vector<Path> to_paths(const std::vector<std::string>& names) { return {names.begin(), names.end()}; }

// All documents of some paths; a built corpus gives those of the split.
class Texts {
 public:
  static Result<Texts> open(const std::vector<std::string>& names, const std::string& split) {
    Texts texts;
    for (const std::string& name : names) {
      if (!std::filesystem::exists(name))
        return not_found("there is no such training data", name, "check data.train and data.valid");
    }
    MALMOI_ASSIGN(texts.stream_, data::open_documents(to_paths(names), split));
    return texts;
  }
  Result<bool> next(std::string& text) {
    data::Document document;
    MALMOI_ASSIGN(bool more, stream_->next(document));
    text = std::move(document.text);
    return more;
  }

 private:
  std::unique_ptr<data::DocumentStream> stream_;
};

// Which split a document goes to: by hash of its text, so that a copy goes where its original goes.
bool is_validation(const std::string& text, double fraction) {
  return static_cast<double>(hash64(text, 0x76616C6964) >> 11) * 0x1.0p-53 < fraction;
}

// Splits one text at the given share of its characters.
size_t split_point(const std::string& text, double train_share) {
  auto wanted = static_cast<size_t>(static_cast<double>(count_code_points(text)) * train_share);
  size_t at = 0;
  for (size_t n = 0; n < wanted && at < text.size(); ++n) at += decode_utf8(text, at).length;
  return at;
}

// Hands every training document and every validation document to `sink`, in order.
Status for_each_document(const TrainConfig& config, const std::function<Status(std::string&& text, bool valid)>& sink) {
  const train::DataConfig& d = config.data;
  bool corpus_valid =
      d.valid.empty() && d.valid_fraction == 0 &&
      std::any_of(d.train.begin(), d.train.end(), [](const std::string& p) { return data::Corpus::is_corpus(p); });
  MALMOI_ASSIGN(Texts texts, Texts::open(d.train, "train"));
  std::string first, text;
  MALMOI_ASSIGN(bool any, texts.next(first));
  if (!any) return invalid_data("holds no documents", d.train[0], "add documents");
  MALMOI_ASSIGN(bool several, texts.next(text));
  if (!several && d.valid_fraction > 0) {
    size_t at = split_point(first, 1 - d.valid_fraction);
    std::string rest = first.substr(at);
    first.resize(at);
    MALMOI_TRY(sink(std::move(first), false));
    return sink(std::move(rest), true);
  }
  auto route = [&](std::string&& t) {
    bool valid = d.valid_fraction > 0 && is_validation(t, d.valid_fraction);
    return sink(std::move(t), valid);
  };
  MALMOI_TRY(route(std::move(first)));
  while (several) {
    MALMOI_TRY(route(std::move(text)));
    MALMOI_ASSIGN(several, texts.next(text));
  }
  if (!d.valid.empty() || corpus_valid) {
    MALMOI_ASSIGN(Texts held_out, Texts::open(d.valid.empty() ? d.train : d.valid, "valid"));
    while (true) {
      MALMOI_ASSIGN(bool more, held_out.next(text));
      if (!more) break;
      MALMOI_TRY(sink(std::move(text), true));
    }
  }
  return {};
}

// Names, sizes and times of every input file, and the tokenizer: what the ids are a function of.
std::string fingerprint(const TrainConfig& config, const tokenizer::Tokenizer& tokenizer) {
  std::string all = fmt::format("3|{}|{}|", config.data.valid_fraction, tokenizer.vocab_size());
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) all += tokenizer.piece(id) + "\n";
  for (const auto* list : {&config.data.train, &config.data.valid}) {
    for (const std::string& name : *list) {
      auto files = list_files(name);
      if (!files.ok()) continue;
      for (const Path& file : *files) {
        std::error_code error;
        all += fmt::format("{}|{}|{}\n", file.string(), std::filesystem::file_size(file, error),
                           std::filesystem::last_write_time(file, error).time_since_epoch().count());
      }
    }
    all += "||";
  }
  return to_hex(hash128(all));
}

// Encodes documents in blocks on all cores and writes them in their order.
class Encoder {
 public:
  Encoder(const tokenizer::Tokenizer& tokenizer, data::TokenWriter& writer) : tokenizer_(tokenizer), writer_(writer) {}

  Status add(std::string text) {
    bytes_ += text.size();
    pending_bytes_ += text.size();
    pending_.push_back(std::move(text));
    return pending_bytes_ > (8u << 20) ? flush() : Status();
  }
  Status flush() {
    std::vector<std::vector<int32_t>> ids(pending_.size());
    parallel_for(static_cast<int64_t>(pending_.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        auto& out = ids[static_cast<size_t>(i)];
        out = tokenizer_.encode(pending_[static_cast<size_t>(i)], {.add_special = false, .parse_special = false});
        // The separator stands before a document, where a reader that begins with it will look for it.
        if (auto eos = tokenizer_.eos_id()) out.insert(out.begin(), *eos);
      }
    });
    for (const auto& document : ids) MALMOI_TRY(writer_.add(document));
    pending_.clear();
    pending_bytes_ = 0;
    return {};
  }
  uint64_t bytes() const { return bytes_; }

 private:
  const tokenizer::Tokenizer& tokenizer_;
  data::TokenWriter& writer_;
  std::vector<std::string> pending_;
  size_t pending_bytes_ = 0;
  uint64_t bytes_ = 0;
};

struct TokenizedFiles {
  Path train, valid;
  bool has_valid = false;
  uint64_t valid_bytes = 0;
};

Result<TokenizedFiles> tokenize(const TrainConfig& config, const tokenizer::Tokenizer& tokenizer,
                                const TrainEvents& events) {
  Path folder = Path(config.out) / "data";
  TokenizedFiles files{folder / "train.bin", folder / "valid.bin"};
  std::string wanted = fingerprint(config, tokenizer);
  if (auto done = read_json((folder / "prepared.json").string());
      done.ok() && json_string(*done, "fingerprint") == wanted) {
    files.has_valid = done->value("valid_tokens", uint64_t{0}) > 0;
    files.valid_bytes = done->value("valid_bytes", uint64_t{0});
    return files;
  }
  MALMOI_TRY(make_folder(folder));
  MALMOI_ASSIGN(data::TokenWriter train_writer, data::TokenWriter::create(files.train, tokenizer.vocab_size()));
  MALMOI_ASSIGN(data::TokenWriter valid_writer, data::TokenWriter::create(files.valid, tokenizer.vocab_size()));
  Encoder train(tokenizer, train_writer), valid(tokenizer, valid_writer);
  MALMOI_TRY(for_each_document(config, [&](std::string&& text, bool held_out) -> Status {
    if (events.stop_requested && events.stop_requested())
      return Error{ErrorCode::kCancelled, "stopped while tokenising", "", "run it again"};
    MALMOI_TRY((held_out ? valid : train).add(std::move(text)));
    if (events.progress)
      events.progress(
          fmt::format("tokenising: {} read", format_bytes(static_cast<double>(train.bytes() + valid.bytes()))));
    return {};
  }));
  MALMOI_TRY(train.flush());
  MALMOI_TRY(valid.flush());
  MALMOI_TRY(train_writer.commit());
  files.has_valid = valid_writer.tokens() > 0;
  files.valid_bytes = valid.bytes();
  if (files.has_valid) MALMOI_TRY(valid_writer.commit());
  Json done = {{"fingerprint", wanted},
               {"train_tokens", train_writer.tokens()},
               {"train_documents", train_writer.documents()},
               {"train_bytes", train.bytes()},
               {"valid_tokens", valid_writer.tokens()},
               {"valid_documents", valid_writer.documents()},
               {"valid_bytes", valid.bytes()}};
  MALMOI_TRY(write_file(folder / "prepared.json", dump_json(done, 2) + "\n"));
  if (events.message)
    events.message(fmt::format("tokenised {} documents: {} tokens to train, {} held out",
                               train_writer.documents() + valid_writer.documents(),
                               format_count(static_cast<double>(train_writer.tokens())),
                               format_count(static_cast<double>(valid_writer.tokens()))));
  return files;
}

Result<std::unique_ptr<train::TokenData>> open_tokens(const std::vector<Path>& paths,
                                                      const std::vector<std::string>& masks, const TrainConfig& config,
                                                      int64_t vocab_size, std::optional<int32_t> separator,
                                                      bool valid) {
  MALMOI_ASSIGN(data::TokenType type, data::parse_token_type(config.data.token_dtype, "data.token_dtype"));
  std::vector<data::TokenFile> files;
  for (const Path& path : paths) {
    MALMOI_ASSIGN(
        data::TokenFile file,
        data::TokenFile::open(
            path,
            std::filesystem::exists(Path(path).replace_extension(".json")) ? std::optional<data::TokenType>{} : type,
            vocab_size));
    files.push_back(std::move(file));
  }
  train::TokenDataOptions options{config.data.sequence_length, config.data.shuffled, config.seed, separator};
  if (valid) {
    // A validation text may be shorter than a sequence; it is read in order anyway.
    uint64_t total = 0;
    for (const auto& file : files) total += file.size();
    options.sequence_length =
        std::max<int64_t>(1, std::min<int64_t>(options.sequence_length, static_cast<int64_t>(total) - 1));
    options.shuffled = false;
  }
  MALMOI_ASSIGN(train::TokenData data, train::TokenData::open(std::move(files), to_paths(masks), options));
  return std::make_unique<train::TokenData>(std::move(data));
}

}  // namespace

Result<std::unique_ptr<tokenizer::Tokenizer>> open_tokenizer(const TrainConfig& config) {
  std::unique_ptr<tokenizer::Tokenizer> none;
  if (config.character_tokenizer) {
    // Of the training text alone: what is held out must not be seen here either.
    std::string text;
    MALMOI_TRY(for_each_document(config, [&](std::string&& t, bool held_out) -> Status {
      if (!held_out) text += t;
      return {};
    }));
    MALMOI_ASSIGN(tokenizer::Tokenizer made, tokenizer::Tokenizer::characters(text));
    return std::make_unique<tokenizer::Tokenizer>(std::move(made));
  }
  Path folder = !config.tokenizer.empty() ? Path(config.tokenizer) : Path(config.init_from.value_or(""));
  if (folder.empty()) return none;
  if (config.tokenizer.empty() && !std::filesystem::exists(folder / "tokenizer.json")) {
    if (config.data.ids) return none;
    return not_found("the model has no tokenizer beside it", folder.string(), "name one with tokenizer: DIR");
  }
  MALMOI_ASSIGN(tokenizer::Tokenizer opened, tokenizer::Tokenizer::load(folder));
  return std::make_unique<tokenizer::Tokenizer>(std::move(opened));
}

Result<PreparedData> prepare_data(const TrainConfig& config, std::unique_ptr<tokenizer::Tokenizer> tokenizer,
                                  int64_t vocab_size, const TrainEvents& events) {
  PreparedData prepared;
  if (config.data.ids) {
    MALMOI_ASSIGN(prepared.train,
                  open_tokens(to_paths(config.data.train), config.data.loss_mask, config, vocab_size, {}, false));
    if (!config.data.valid.empty()) {
      MALMOI_ASSIGN(prepared.valid, open_tokens(to_paths(config.data.valid), {}, config, vocab_size, {}, true));
    }
  } else {
    MALMOI_ASSIGN(TokenizedFiles files, tokenize(config, *tokenizer, events));
    std::optional<int32_t> separator = config.data.split_documents ? tokenizer->eos_id() : std::nullopt;
    MALMOI_ASSIGN(prepared.train, open_tokens({files.train}, {}, config, vocab_size, separator, false));
    if (files.has_valid) {
      MALMOI_ASSIGN(prepared.valid, open_tokens({files.valid}, {}, config, vocab_size, separator, true));
      prepared.valid_bytes = files.valid_bytes;
    }
  }
  prepared.tokenizer = std::move(tokenizer);
  return prepared;
}

namespace {

// A size that is not there; a misspelt key is named as that.
Error missing_size(const ConfigDocument& document, const Json& model, const char* name, const char* meaning) {
  for (const auto& [key, value] : model.items()) {
    if (nearest_word(key, {name}).empty()) continue;
    return usage_error("unknown key '" + key + "'", document.where("model." + key),
                       std::string("did you mean '") + name + "'?");
  }
  return usage_error("is missing", document.where("model") + "." + name, std::string("give ") + meaning);
}

}  // namespace

Result<std::unique_ptr<model::Model>> make_model(const ConfigDocument& document, const TrainConfig& config,
                                                 const tokenizer::Tokenizer* tokenizer) {
  MALMOI_TRY(check_precision(config.precision, document.where("train") + ".dtype"));
  if (config.init_from) return model::load_config(*config.init_from);
  Json object = config.model;
  bool gpt2 = json_string(object, "architecture") == "gpt2";
  auto given = [&](std::initializer_list<const char*> names) {
    return std::any_of(names.begin(), names.end(),
                       [&](const char* n) { return object.contains(n) && !object[n].is_null(); });
  };
  // The published defaults are of models of billions of weights: sizes must be said here.
  if (!given({"hidden_size", "n_embd"})) return missing_size(document, object, "hidden_size", "the width of the model");
  if (!given({"num_hidden_layers", "n_layer"}))
    return missing_size(document, object, "num_hidden_layers", "the number of layers");
  if (!given({"num_attention_heads", "n_head"}))
    return missing_size(document, object, "num_attention_heads", "the number of heads");
  if (tokenizer && !given({"vocab_size"})) object["vocab_size"] = tokenizer->vocab_size();
  if (!given({"vocab_size"}))
    return usage_error("is missing", document.where("model") + ".vocab_size", "give it, or a tokenizer");
  if (!given({"max_position_embeddings", "n_positions"}))
    object[gpt2 ? "n_positions" : "max_position_embeddings"] = config.data.sequence_length;
  if (!gpt2) {
    if (!given({"num_key_value_heads"}) && object["num_attention_heads"].is_number())
      object["num_key_value_heads"] = object["num_attention_heads"];
    // A gated MLP has three matrices where a plain one has two: 8/3 of the width costs the same (Shazeer 2020).
    if (!given({"intermediate_size"}) && object["hidden_size"].is_number_integer())
      object["intermediate_size"] = (object["hidden_size"].get<int64_t>() * 8 / 3 + 63) / 64 * 64;
  }
  if (tokenizer) {
    for (auto [key, id] : {std::pair{"bos_token_id", tokenizer->bos_id()},
                           {"eos_token_id", tokenizer->eos_id()},
                           {"pad_token_id", tokenizer->pad_id()}}) {
      if (!object.contains(key)) object[key] = id ? Json(*id) : Json(nullptr);
    }
  }
  MALMOI_ASSIGN(auto model, model::make_model(document, object, "model"));
  if (tokenizer && tokenizer->vocab_size() > model->vocab_size())
    return usage_error(
        fmt::format("is {}, but the tokenizer has {} entries", model->vocab_size(), tokenizer->vocab_size()),
        document.where("model.vocab_size"), "leave it out, or make it as large");
  return model;
}

namespace {

const char* level_name(autograd::Checkpointing level) {
  switch (level) {
    case autograd::Checkpointing::kNone: return "none";
    case autograd::Checkpointing::kCheap: return "cheap";
    case autograd::Checkpointing::kBlock: return "block";
  }
  return "?";
}

}  // namespace

Result<train::MemoryPlan> fit_memory(const model::Model& model, TrainConfig& config, autograd::Checkpointing& level) {
  auto plan = [&](int64_t batch, autograd::Checkpointing l) {
    train::MemoryPlan p = train::plan_memory(model, activation_type(config.precision), config.optimizer, batch,
                                             config.data.sequence_length, l);
    if (config.ema_decay > 0) p.optimizer += static_cast<size_t>(model.parameter_count()) * 4;
    return p;
  };
  auto machine = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  int64_t limit = config.memory_limit > 0 ? std::min(config.memory_limit, machine) : machine;
  level = config.checkpointing.value_or(autograd::Checkpointing::kCheap);
  train::MemoryPlan first = plan(config.batch_size, level);
  if (static_cast<int64_t>(first.total()) <= limit) return first;
  std::vector<autograd::Checkpointing> levels{level};
  if (!config.checkpointing) levels.push_back(autograd::Checkpointing::kBlock);
  int64_t sequences = config.sequences_per_step();
  bool may_choose = config.memory_limit > 0;
  std::vector<std::string> fits;
  for (int64_t batch = config.batch_size; batch >= 1; --batch) {
    if (sequences % batch != 0) continue;
    for (autograd::Checkpointing l : levels) {
      train::MemoryPlan p = plan(batch, l);
      if (static_cast<int64_t>(p.total()) > limit) continue;
      if (may_choose) {
        config.batch_size = batch;
        config.gradient_accumulation = sequences / batch;
        level = l;
        return p;
      }
      if (fits.size() < 3) fits.push_back(fmt::format("batch_size {} with checkpointing {}", batch, level_name(l)));
    }
  }
  std::string remedy = "use a smaller model";
  if (!fits.empty()) {
    remedy = "use ";
    for (size_t i = 0; i < fits.size(); ++i) remedy += (i ? ", or " : "") + fits[i];
  }
  return out_of_memory(fmt::format("a step needs {}, there is {}", format_bytes(static_cast<double>(first.total())),
                                   format_bytes(static_cast<double>(limit))),
                       "train.batch_size", remedy);
}

Status check_precision(Precision precision, std::string where) {
  if (precision != Precision::kInt8 || kernels::has_int8_products()) return {};
  return unsupported("int8 products need AVX-512 with VNNI, which is not in use here", std::move(where), "use bf16");
}

}  // namespace malmoi::app
