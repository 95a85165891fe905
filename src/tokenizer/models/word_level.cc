// WordLevel: every word is one piece.
#include "tokenizer/json/vocabulary_json.h"
#include "tokenizer/models/wordpiece.h"

namespace malmoi::tokenizer {
namespace {

class WordLevel final : public Model {
 public:
  explicit WordLevel(WordLevelOptions options) : options_(std::move(options)) {
    unk_ = options_.vocabulary.find_id(options_.unk_token);
  }
  void tokenize(std::string_view word, std::vector<Token>& tokens) const override {
    int32_t id = options_.vocabulary.find_id(word);
    if (id < 0) id = unk_;
    if (id >= 0) tokens.push_back({id, 0, static_cast<uint32_t>(word.size())});
  }
  const Vocabulary& vocabulary() const override { return options_.vocabulary; }
  std::optional<int32_t> unk_id() const override { return unk_ < 0 ? std::nullopt : std::optional<int32_t>(unk_); }
  std::string_view type() const override { return "WordLevel"; }
  Status write_json(std::string& out) const override { return write_fields(out, options_, "WordLevel"); }

 private:
  WordLevelOptions options_;
  int32_t unk_ = -1;
};

}  // namespace

Result<std::unique_ptr<Model>> make_word_level(WordLevelOptions options, std::string_view) {
  return std::unique_ptr<Model>(std::make_unique<WordLevel>(std::move(options)));
}

extern const ComponentType<Model> word_level_model = {"WordLevel",
                                                      [](const JsonNode& node, int) -> Result<std::unique_ptr<Model>> {
                                                        WordLevelOptions options;
                                                        MALMOI_TRY(read_fields(node, options));
                                                        return make_word_level(std::move(options), node.where);
                                                      }};

}  // namespace malmoi::tokenizer
