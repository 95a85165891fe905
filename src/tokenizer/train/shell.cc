// The components that stand around a trained model, kind by kind, and the tokenizer.json made of both.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/json.h"
#include "tokenizer/json/usual_steps.h"
#include "tokenizer/pattern/pattern.h"
#include "tokenizer/train/trained.h"

namespace malmoi::tokenizer {
namespace {

constexpr const char* kByteLevelDecoder =
    R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true})";
constexpr const char* kDigits = R"({"type":"Digits","individual_digits":true})";
constexpr const char* kMetaspace = R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"never","split":true})";

std::string sequence(const char* key, const std::vector<std::string>& steps) {
  if (steps.empty()) return "null";
  if (steps.size() == 1) return steps[0];
  return fmt::format(R"({{"type":"Sequence","{}":[{}]}})", key, fmt::join(steps, ","));
}

// One line a normalisation that can be asked for.
struct Normalization {
  std::string_view name;
  std::vector<std::string> steps;
};
const std::vector<Normalization>& normalizations() {
  static const std::vector<Normalization> table = {
      {"none", {}},
      {"nfc", {R"({"type":"NFC"})"}},
      {"nfkc", {R"({"type":"NFKC"})"}},
      {"nmt_nfkc", {R"({"type":"Nmt"})", R"({"type":"NFKC"})"}},
      {"jamo", {R"({"type":"NFD"})"}},
  };
  return table;
}

Result<std::vector<std::string>> normalizer_steps(const TrainOptions& options) {
  std::string known;
  for (const Normalization& n : normalizations()) {
    if (n.name == options.normalization) {
      std::vector<std::string> steps = n.steps;
      if (options.kind == TrainKind::kWordPiece) {
        steps.insert(steps.begin(),
                     fmt::format(R"({{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,)"
                                 R"("strip_accents":null,"lowercase":{}}})",
                                 options.lowercase));
      } else if (options.lowercase) {
        steps.push_back(R"({"type":"Lowercase"})");
      }
      if (options.kind == TrainKind::kUnigram || (options.kind == TrainKind::kBpe && !options.byte_level)) {
        // One mark before the text and one for every space, so that decoding gives back every space; a Metaspace that
        // prepends would swallow one at the beginning.
        steps.emplace_back(kPrependMarkStep);
        steps.emplace_back(kEscapeSpacesStep);
      }
      return steps;
    }
    known += (known.empty() ? "" : ", ") + std::string(n.name);
  }
  return usage_error(fmt::format("there is no normalisation \"{}\"", options.normalization), "normalization",
                     "one of: " + known);
}

Shell byte_level_shell(const TrainOptions& options) {
  std::vector<std::string> steps;
  if (options.split_digits) steps.push_back(kDigits);
  steps.push_back(isolating_split_step(pattern_by_name(options.pattern)));
  steps.emplace_back(kByteSpellingStep);
  return {"", sequence("pretokenizers", steps), "null", kByteLevelDecoder};
}

Shell metaspace_shell(const TrainOptions& options) {
  std::vector<std::string> steps = {kMetaspace};
  if (options.split_digits) steps.push_back(kDigits);
  return {"", sequence("pretokenizers", steps), "null", marks_decoder(true)};
}

// BERT's [CLS] A [SEP] B [SEP], where the vocabulary has both.
std::string bert_processor(const std::vector<std::string>& specials) {
  size_t cls = std::find(specials.begin(), specials.end(), "[CLS]") - specials.begin();
  size_t sep = std::find(specials.begin(), specials.end(), "[SEP]") - specials.begin();
  if (cls == specials.size() || sep == specials.size()) return "null";
  return fmt::format(R"({{"type":"BertProcessing","sep":["[SEP]",{}],"cls":["[CLS]",{}]}})", sep, cls);
}

Shell wordpiece_shell(const TrainOptions& options, const std::vector<std::string>& specials) {
  std::vector<std::string> steps = {R"({"type":"BertPreTokenizer"})"};
  if (options.split_digits) steps.push_back(kDigits);
  return {"", sequence("pretokenizers", steps), bert_processor(specials),
          R"({"type":"WordPiece","prefix":"##","cleanup":true})"};
}

std::string bpe_model(const TrainOptions& options, const Trained& trained) {
  const bool fallback = !options.byte_level && options.byte_fallback;
  std::string out = fmt::format(
      R"({{"type":"BPE","dropout":null,"unk_token":{},"continuing_subword_prefix":null,"end_of_word_suffix":null,)"
      R"("fuse_unk":{},"byte_fallback":{},"ignore_merges":false,"vocab":{{)",
      options.byte_level ? "null" : "\"<unk>\"", fallback, fallback);
  for (size_t i = 0; i < trained.pieces.size(); ++i) {
    if (i) out += ',';
    out += json_quoted(trained.pieces[i]) + ':' + std::to_string(i);
  }
  out += "},\"merges\":[";
  for (size_t i = 0; i < trained.merges.size(); ++i) {
    if (i) out += ',';
    out += '[' + json_quoted(trained.pieces[trained.merges[i].first]) + ',' +
           json_quoted(trained.pieces[trained.merges[i].second]) + ']';
  }
  return out + "]}";
}

std::string unigram_model(const TrainOptions& options, const Trained& trained,
                          const std::vector<std::string>& specials) {
  size_t unk = std::find(specials.begin(), specials.end(), "<unk>") - specials.begin();
  std::string out = fmt::format(R"({{"type":"Unigram","unk_id":{},"vocab":[)", unk);
  for (size_t i = 0; i < trained.pieces.size(); ++i)
    out += (i ? ",[" : "[") + json_quoted(trained.pieces[i]) + ',' + dump_json(Json(trained.scores[i])) + ']';
  return out + fmt::format("],\"byte_fallback\":{}}}", options.byte_fallback);
}

std::string flat_vocabulary(const Trained& trained) {
  std::string out = "{";
  for (size_t i = 0; i < trained.pieces.size(); ++i)
    out += (i ? "," : "") + json_quoted(trained.pieces[i]) + ':' + std::to_string(i);
  return out + '}';
}

std::string model_json(const TrainOptions& options, const Trained& trained, const std::vector<std::string>& specials) {
  switch (options.kind) {
    case TrainKind::kBpe: return bpe_model(options, trained);
    case TrainKind::kUnigram: return unigram_model(options, trained, specials);
    case TrainKind::kWordPiece:
      return R"({"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":)" +
             flat_vocabulary(trained) + "}";
    default: return R"({"type":"WordLevel","vocab":)" + flat_vocabulary(trained) + R"(,"unk_token":"<unk>"})";
  }
}

}  // namespace

Result<Shell> make_shell(const TrainOptions& options, const std::vector<std::string>& specials) {
  MALMOI_ASSIGN(std::vector<std::string> steps, normalizer_steps(options));
  Shell shell;
  switch (options.kind) {
    case TrainKind::kBpe: shell = options.byte_level ? byte_level_shell(options) : metaspace_shell(options); break;
    case TrainKind::kUnigram: shell = metaspace_shell(options); break;
    case TrainKind::kWordPiece: shell = wordpiece_shell(options, specials); break;
    case TrainKind::kWordLevel: shell = {"", R"({"type":"Whitespace"})", "null", "null"}; break;
    case TrainKind::kCharLevel: shell = {"", isolating_split_step("[\\s\\S]"), "null", R"({"type":"Fuse"})"}; break;
  }
  if (options.kind == TrainKind::kWordLevel && options.split_digits)
    shell.pre_tokenizer = sequence("pretokenizers", {shell.pre_tokenizer, kDigits});
  shell.normalizer = sequence("normalizers", steps);
  return shell;
}

std::string assemble_json(const TrainOptions& options, const Shell& shell, const Trained& trained,
                          const std::vector<std::string>& specials) {
  std::string added;
  for (size_t i = 0; i < specials.size(); ++i)
    added += fmt::format(
        R"({}{{"id":{},"content":{},"single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}})",
        i ? "," : "", i, json_quoted(specials[i]));
  return fmt::format(
      R"({{"version":"1.0","truncation":null,"padding":null,"added_tokens":[{}],"normalizer":{},"pre_tokenizer":{},)"
      R"("post_processor":{},"decoder":{},"model":{}}})",
      added, shell.normalizer, shell.pre_tokenizer, shell.post_processor, shell.decoder,
      model_json(options, trained, specials));
}

}  // namespace malmoi::tokenizer
