#include "app/train/texts.h"

#include <algorithm>

#include "base/hash.h"
#include "base/utf8.h"
#include "data/corpus.h"

namespace malmoi::app {
namespace {

// All documents of some paths; a built corpus gives those of the split.
class Texts {
 public:
  static Result<Texts> open(const std::vector<std::string>& names, const std::string& split) {
    Texts texts;
    for (const std::string& name : names) {
      if (!malmoi::exists(name))
        return not_found("there is no such training data", name, "check data.train and data.valid");
    }
    MALMOI_ASSIGN(texts.stream_, data::open_documents({names.begin(), names.end()}, split));
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

constexpr uint64_t kSplitSeed = 0x76616C6964;  // "valid"

// Splits one text at the given share of its characters.
size_t split_point(const std::string& text, double train_share) {
  auto wanted = static_cast<size_t>(static_cast<double>(count_code_points(text)) * train_share);
  size_t at = 0;
  for (size_t n = 0; n < wanted && at < text.size(); ++n) at += decode_utf8(text, at).length;
  return at;
}

// What is held out by name: data.valid, or the validation part of a built corpus where nothing else is said.
Status for_each_held_out(const train::DataConfig& data, const TextSink& sink) {
  bool corpus = std::any_of(data.train.begin(), data.train.end(),
                            [](const std::string& path) { return data::Corpus::is_corpus(path); });
  if (data.valid.empty() && (data.valid_fraction > 0 || !corpus)) return {};
  MALMOI_ASSIGN(Texts texts, Texts::open(data.valid.empty() ? data.train : data.valid, "valid"));
  std::string text;
  while (true) {
    MALMOI_ASSIGN(bool more, texts.next(text));
    if (!more) return {};
    MALMOI_TRY(sink(std::move(text), true));
  }
}

}  // namespace

bool is_held_out(const std::string& text, double fraction) { return held_out_place(text) < fraction; }

double held_out_place(const std::string& text) {
  return static_cast<double>(hash64(text, kSplitSeed) >> 11) * 0x1.0p-53;
}

Status for_each_text(const train::DataConfig& data, const TextSink& sink) {
  MALMOI_ASSIGN(Texts texts, Texts::open(data.train, "train"));
  std::string first, text;
  MALMOI_ASSIGN(bool any, texts.next(first));
  if (!any) return invalid_data("holds no documents", data.train[0], "add documents");
  MALMOI_ASSIGN(bool several, texts.next(text));
  if (!several && data.valid_fraction > 0) {
    size_t at = split_point(first, 1 - data.valid_fraction);
    std::string rest = first.substr(at);
    first.resize(at);
    MALMOI_TRY(sink(std::move(first), false));
    return sink(std::move(rest), true);
  }
  auto route = [&](std::string&& document) {
    bool held_out = data.valid_fraction > 0 && is_held_out(document, data.valid_fraction);
    return sink(std::move(document), held_out);
  };
  MALMOI_TRY(route(std::move(first)));
  while (several) {
    MALMOI_TRY(route(std::move(text)));
    MALMOI_ASSIGN(several, texts.next(text));
  }
  return for_each_held_out(data, sink);
}

}  // namespace malmoi::app
