// json_schema: the answer is JSON, and of a schema.
#include <optional>

#include "base/parallel.h"
#include "reward/answer_text.h"
#include "reward/row_reward.h"
#include "reward/schema_check.h"

namespace malmoi::reward::json_schema {
namespace {

constexpr uint64_t kLargestFile = 1 << 20;

class JsonSchema final : public RowReward {
 public:
  explicit JsonSchema(ConfigReader& reader)
      : column_(reader.text("column", "")),
        fenced_(reader.boolean("fenced", true)),
        parsed_(reader.number("parsed", 0)) {
    const std::string file = reader.text("file", "");
    const bool written = reader.has("schema");
    if (written + !file.empty() + !column_.empty() != 1) {
      reader.raw("schema");
      reader.fail("schema", "one of schema, file and column is needed", "write schema: {type: object}");
      return;
    }
    if (!column_.empty()) return;
    Result<Json> schema = written ? Result<Json>(reader.raw("schema")) : read_json(file, kLargestFile);
    if (!schema.ok()) {
      reader.fail("file", schema.error().to_string());
      return;
    }
    auto check = SchemaCheck::make(*std::move(schema), "schema");
    if (check.ok()) check_ = *std::move(check);
    else
      reader.fail(written ? "schema" : "file", check.error().where + ": " + check.error().what, check.error().remedy);
  }

  Status check_row(const Json& row) const override {
    MALMOI_TRY(check_of(row));
    return {};
  }

 protected:
  int workers() const override { return num_threads(); }
  Result<Judgement> judge_one(const RewardInput& input, const StopToken&) const override {
    const auto check = check_of(input.row);
    if (!check.ok()) return failed_judgement(check.error().to_string());
    const auto value = parse_json(json_text(input.completion), "the answer");
    if (!value.ok()) return Judgement{.reward = 0};
    const auto problem = check->problem(*value);
    if (!problem) return failed_judgement("the schema takes too long to check; write one with fewer choices");
    return Judgement{.reward = problem->empty() ? 1.0 : parsed_};
  }

 private:
  std::string_view json_text(std::string_view completion) const {
    if (fenced_)
      if (auto code = last_code(completion, {"json"})) return *code;
    return completion;
  }

  // The row's own schema as an object, or as a text of it.
  Result<SchemaCheck> check_of(const Json& row) const {
    if (check_) return *check_;
    MALMOI_ASSIGN(const Json* value, column_value(row, column_));
    if (!value->is_string()) return SchemaCheck::make(*value, column_);
    MALMOI_ASSIGN(Json schema, parse_json(value->get_ref<const std::string&>(), column_));
    return SchemaCheck::make(std::move(schema), column_);
  }

  std::string column_;
  bool fenced_;
  double parsed_;
  std::optional<SchemaCheck> check_;
};

}  // namespace

extern const RewardEntry reward{
    .type = "json_schema",
    .summary = "1 where the answer is JSON of a schema",
    .read = [](ConfigReader& reader) -> std::unique_ptr<Reward> { return std::make_unique<JsonSchema>(reader); }};

}  // namespace malmoi::reward::json_schema
