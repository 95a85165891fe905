#include "app/tune/table_roles.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "base/ascii.h"

namespace malmoi::app {
namespace {

using Names = std::span<const std::string_view>;
struct NamePair {
  std::string_view first, second;
};

constexpr std::string_view kTextNames[] = {"text",      "document", "sentence", "content",  "review", "comment",
                                           "utterance", "message",  "body",     "question", "query",  "title",
                                           "input",     "문장",     "텍스트",   "본문",     "내용",   "리뷰",
                                           "댓글",      "문서",     "질문"};
constexpr std::string_view kLabelNames[] = {"label",     "labels", "class",   "category", "gold_label", "target",
                                            "sentiment", "intent", "emotion", "topic",    "라벨",       "레이블",
                                            "분류",      "범주",   "감정",    "의도",     "주제"};
constexpr std::string_view kScoreNames[] = {"score", "similarity", "similarity_score", "점수", "유사도"};
constexpr std::string_view kNegativeNames[] = {"negative", "hard_negative", "negative_passage"};
// Two texts of a row that are judged, or that belong together.
constexpr NamePair kPairNames[] = {
    {"text", "text_pair"},  {"sentence1", "sentence2"}, {"sentence_1", "sentence_2"}, {"sentence_a", "sentence_b"},
    {"sent1", "sent2"},     {"text1", "text2"},         {"premise", "hypothesis"},    {"question1", "question2"},
    {"anchor", "positive"}, {"query", "positive"},      {"query", "passage"},         {"query", "document"},
    {"question", "answer"}, {"question", "context"},    {"문장1", "문장2"},           {"질문", "답변"},
    {"질문", "문서"}};
// What an encoder-decoder reads, and what it is to write.
constexpr NamePair kTurnedNames[] = {{"source", "target"},
                                     {"src", "tgt"},
                                     {"src", "trg"},
                                     {"input", "output"},
                                     {"text", "summary"},
                                     {"document", "summary"},
                                     {"article", "highlights"},
                                     {"original", "translation"},
                                     {"원문", "번역"},
                                     {"원문", "번역문"},
                                     {"본문", "요약"},
                                     {"원문", "요약"}};
constexpr std::string_view kLanguages[] = {"ko",     "en",      "ja",      "zh",       "fr",      "de",
                                           "es",     "it",      "pt",      "ru",       "vi",      "th",
                                           "id",     "korean",  "english", "japanese", "chinese", "french",
                                           "german", "spanish", "한국어",  "영어",     "일본어",  "중국어"};

constexpr double kMostlyFilled = 0.9;  // of the rows looked at
constexpr uint64_t kMostLabels = 100;
constexpr double kRowsOfLabel = 3;  // on average, that a set of labels has at least

class RoleFinder {
 public:
  RoleFinder(const TableLook& look, const Json& asked, const std::string& where)
      : look_(look), asked_(asked), where_(where) {}

  Result<TableRoles> classify() {
    if (const ColumnLook* nested = conversations()) return refused_conversations(nested->name, "labels");
    MALMOI_ASSIGN(const std::string label, label_column());
    const ColumnLook* values = look_.find(label);
    if (values && fractions(*values))
      return invalid_data(
          "'" + label + "' holds numbers with fractions, no labels", where_,
          "train them with `malmoi train` and the objective regression, or name the labels: " + how_to_name("label"));
    TableRoles roles;
    MALMOI_TRY(add_texts(label, roles));
    roles.add("label", label);
    return roles;
  }

  Result<TableRoles> translate() {
    if (look_.find("translation") && look_.find("translation")->nested > 0)
      return invalid_data("'translation' holds both texts in one object", where_,
                          "write each under a column of its own: {\"source\": \"...\", \"target\": \"...\"}");
    if (const ColumnLook* nested = conversations()) return refused_conversations(nested->name, "pairs of texts");
    TableRoles roles;
    std::optional<NamePair> pair = named_pair(kTurnedNames);
    std::vector<const ColumnLook*> texts = columns_if([](const ColumnLook& c) { return language(c); });
    if (!pair && texts.size() != 2) texts = columns_if(text_like);
    if (!add_asked("source", roles)) {
      if (pair) roles.add("source", actual(pair->first));
      else if (texts.size() == 2) roles.add("source", texts[0]->name);
      else return unclear("which columns hold the texts and what is to be made of them", "source", "target");
    }
    if (!add_asked("target", roles)) {
      if (pair) roles.add("target", actual(pair->second));
      else if (texts.size() == 2) roles.add("target", texts[1]->name);
      else return unclear("which columns hold the texts and what is to be made of them", "source", "target");
    }
    return roles;
  }

  Result<TableRoles> embed() {
    if (const ColumnLook* nested = conversations()) return refused_conversations(nested->name, "pairs of texts");
    TableRoles roles;
    const std::optional<NamePair> pair = named_pair(kPairNames);
    const std::vector<const ColumnLook*> texts = columns_if(text_like);
    for (const auto& [role, place] : {std::pair<const char*, size_t>{"text", 0}, {"text_pair", 1}}) {
      if (add_asked(role, roles)) continue;
      if (pair) roles.add(role, actual(place == 0 ? pair->first : pair->second));
      else if (texts.size() == 2) roles.add(role, texts[place]->name);
      else return unclear("which two columns hold texts that belong together", "text", "text_pair");
    }
    if (!add_asked("negative", roles)) add_named("negative", kNegativeNames, roles);
    MALMOI_TRY(add_score(roles));
    return roles;
  }

 private:
  // The name as the table spells it; empty: there is none.
  std::string actual(std::string_view name) const {
    for (const ColumnLook& column : look_.columns) {
      if (ascii_lower(column.name) == name && column.nested == 0) return column.name;
    }
    return {};
  }
  std::string first_named(Names names) const {
    for (std::string_view name : names) {
      if (std::string found = actual(name); !found.empty()) return found;
    }
    return {};
  }
  std::optional<NamePair> named_pair(std::span<const NamePair> pairs) const {
    for (const NamePair& pair : pairs) {
      if (!actual(pair.first).empty() && !actual(pair.second).empty()) return pair;
    }
    return {};
  }
  bool add_asked(const char* role, TableRoles& roles) const {
    if (!asked_.contains(role) || !asked_[role].is_string()) return false;
    roles.add(role, asked_[role].get<std::string>());
    return true;
  }
  void add_named(const char* role, Names names, TableRoles& roles) const {
    if (std::string name = first_named(names); !name.empty()) roles.add(role, std::move(name));
  }

  static bool fractions(const ColumnLook& column) { return column.all_numbers() && column.whole < column.numbers; }
  static bool language(const ColumnLook& column) {
    return std::ranges::find(kLanguages, ascii_lower(column.name)) != std::end(kLanguages) && column.filled > 0 &&
           !column.all_numbers();
  }
  // Texts of people, rather than numbers, keys and names of classes.
  static bool text_like(const ColumnLook& column) {
    constexpr double kShortest = 8, kDifferent = 0.3;
    return column.nested == 0 && column.filled > 0 && column.numbers * 2 < column.filled &&
           column.mean_bytes() >= kShortest &&
           static_cast<double>(column.values.size()) >= kDifferent * static_cast<double>(column.filled);
  }
  bool mostly_filled(const ColumnLook& column) const {
    return static_cast<double>(column.filled) >= kMostlyFilled * static_cast<double>(look_.rows);
  }
  bool label_like(const ColumnLook& column) const {
    const auto different = static_cast<double>(column.values.size());
    return column.nested == 0 && mostly_filled(column) && !fractions(column) && different >= 2 &&
           column.values.size() <= kMostLabels && different * kRowsOfLabel <= static_cast<double>(column.filled);
  }
  template <typename Test>
  std::vector<const ColumnLook*> columns_if(Test test) const {
    std::vector<const ColumnLook*> found;
    for (const ColumnLook& column : look_.columns) {
      if (test(column)) found.push_back(&column);
    }
    return found;
  }
  const ColumnLook* conversations() const {
    for (const char* name : {"messages", "conversations"}) {
      if (const ColumnLook* column = look_.find(name); column && column->nested > 0) return column;
    }
    return nullptr;
  }

  Result<std::string> label_column() const {
    if (asked_.contains("label") && asked_["label"].is_string()) return asked_["label"].get<std::string>();
    if (std::string named = first_named(kLabelNames); !named.empty()) return named;
    const std::vector<const ColumnLook*> found = columns_if([&](const ColumnLook& c) { return label_like(c); });
    if (found.size() == 1) return found[0]->name;
    return unclear(found.empty() ? "which column holds the labels" : "which of several columns holds the labels",
                   "label", "text");
  }

  // One text or two, beside the label.
  Status add_texts(const std::string& label, TableRoles& roles) const {
    if (add_asked("text", roles)) {
      add_asked("text_pair", roles);
      return {};
    }
    if (const auto pair = named_pair(kPairNames); pair && actual(pair->second) != label) {
      roles.add("text", actual(pair->first));
      roles.add("text_pair", actual(pair->second));
      return {};
    }
    const ColumnLook* longest = nullptr;
    for (const ColumnLook* column : columns_if(text_like)) {
      if (column->name != label && (!longest || column->mean_bytes() > longest->mean_bytes())) longest = column;
    }
    std::string named = first_named(kTextNames);
    if (named == label) named.clear();
    if (named.empty() && !longest) return unclear("which column holds the texts", "text", "label");
    roles.add("text", named.empty() ? longest->name : named);
    return {};
  }

  // A number that says how much two texts are alike; what sorts pairs into kinds is none.
  Status add_score(TableRoles& roles) const {
    if (add_asked("score", roles)) return {};
    std::string name = first_named(kScoreNames);
    if (!name.empty() && look_.find(name)->all_numbers()) {
      roles.add("score", name);
      return {};
    }
    name = first_named(kLabelNames);
    const ColumnLook* label = name.empty() ? nullptr : look_.find(name);
    if (!label || label->values.size() < 2) return {};
    constexpr double kAlike = 1;
    if (label->all_numbers() && (fractions(*label) || label->largest <= kAlike)) {
      roles.add("score", name);
      return {};
    }
    std::string kinds;
    constexpr size_t kShownKinds = 5;
    for (const auto& [value, count] : label->values) {
      if (kinds.empty() || std::ranges::count(kinds, ',') + 1 < static_cast<std::ptrdiff_t>(kShownKinds))
        kinds += (kinds.empty() ? "" : ", ") + value;
    }
    return invalid_data("'" + name + "' sorts the pairs into kinds (" + kinds + "), which are no measure of likeness",
                        where_,
                        "keep the pairs that mean the same and leave the column out, give a score in its place, or "
                        "sort them with --goal classify");
  }

  Error refused_conversations(const std::string& column, const char* wanted) const {
    return invalid_data("holds conversations ('" + column + "'), no " + wanted, where_, "use --goal chat");
  }
  static std::string how_to_name(const char* role) { return fmt::format("--set data.columns.{}=COLUMN", role); }
  Error unclear(const std::string& what, const char* role, const char* other) const {
    return invalid_data(what + " is not clear: there are " + look_.described(), where_,
                        "name them: " + how_to_name(role) + " " + how_to_name(other));
  }

  const TableLook& look_;
  const Json& asked_;
  const std::string& where_;
};

}  // namespace

const std::string* TableRoles::find(std::string_view role) const {
  const auto found =
      std::ranges::find(columns, role, [](const auto& column) { return std::string_view(column.first); });
  return found == columns.end() ? nullptr : &found->second;
}

Json TableRoles::to_json() const {
  Json json = Json::object();
  for (const auto& [role, name] : columns) json[role] = name;
  return json;
}

std::string TableRoles::told() const {
  std::string text;
  for (const auto& [role, name] : columns) text += fmt::format("{}{} is '{}'", text.empty() ? "" : ", ", role, name);
  return text;
}

Result<TableRoles> find_roles(TuneGoal goal, const TableLook& look, const Json& asked, const std::string& where) {
  RoleFinder finder(look, asked, where);
  Result<TableRoles> roles = goal == TuneGoal::kClassify    ? finder.classify()
                             : goal == TuneGoal::kTranslate ? finder.translate()
                                                            : finder.embed();
  if (!roles.ok()) return roles;
  for (const auto& [role, name] : roles->columns) {
    if (!look.find(name))
      return invalid_data("no row has the column '" + name + "', which is to be the " + role, where,
                          "there are " + look.described());
  }
  return roles;
}

}  // namespace malmoi::app
