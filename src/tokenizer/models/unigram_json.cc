// Unigram as it stands in tokenizer.json.
#include "tokenizer/json/fields.h"
#include "tokenizer/models/unigram.h"

namespace malmoi::tokenizer {
namespace {

// [[piece, score], ...]; the id is the index.
Status read_pieces(const JsonNode& list, UnigramOptions& options) {
  MALMOI_ASSIGN(auto items, list.array());
  for (auto item : items) {
    simdjson::dom::array pair;
    std::string_view piece;
    double score;
    if (item.get(pair) || pair.size() != 2 || pair.at(0).get(piece) || pair.at(1).get(score))
      return list.item(item, options.pieces.size()).error("should be [piece, score]");
    options.pieces.emplace_back(piece);
    options.scores.push_back(score);
  }
  return {};
}

void write_pieces(std::string& out, const UnigramOptions& options) {
  out += '[';
  for (size_t i = 0; i < options.pieces.size(); ++i) {
    out += i ? ",[" : "[";
    append_json_string(out, options.pieces[i]);
    out += "," + json_number(options.scores[i]) + "]";
  }
  out += ']';
}

void unigram_fields(auto& options, auto& in) {
  in.field("unk_id", options.unk_id);
  in.custom("vocab", options, read_pieces, write_pieces);
  in.field("byte_fallback", options.byte_fallback);
  in.check(!options.unk_id || static_cast<size_t>(*options.unk_id) < options.pieces.size(),
           "\"unk_id\" is not the id of a piece");
}

}  // namespace

Status write_unigram_json(const UnigramOptions& options, std::string& out) {
  FieldWriter writer(out, "Unigram");
  unigram_fields(options, writer);
  return writer.finish();
}

extern const ComponentType<Model> unigram_model = {"Unigram",
                                                   [](const JsonNode& node, int) -> Result<std::unique_ptr<Model>> {
                                                     UnigramOptions options;
                                                     FieldReader reader(node);
                                                     unigram_fields(options, reader);
                                                     MALMOI_TRY(reader.finish());
                                                     return make_unigram(std::move(options), node.where);
                                                   }};

}  // namespace malmoi::tokenizer
