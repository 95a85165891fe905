#include "model/registry.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace malmoi::model {

#define FAMILY(name)          \
  namespace name {            \
  extern const Family family; \
  }
#include "model/families/table.inc"
#undef FAMILY

std::span<const Family* const> family_table() {
  static constexpr const Family* kTable[] = {
#define FAMILY(name) &name::family,
#include "model/families/table.inc"
#undef FAMILY
  };
  return kTable;
}

bool has_head(const Family& family, Task task) {
  return std::any_of(family.classes.begin(), family.classes.end(),
                     [&](const ModelClass& c) { return c.task == head_task(task); });
}

const Family* find_family(std::string_view model_type) {
  for (const Family* family : family_table()) {
    if (family->model_type == model_type) return family;
  }
  return nullptr;
}

std::string family_names() {
  std::string all;
  for (const Family* family : family_table()) all += (all.empty() ? "" : ", ") + std::string(family->model_type);
  return all;
}

namespace {

// Bookkeeping that every published config may hold and that changes no number: versions and types of storage, how results
// are returned, defaults of generation that older versions wrote here.
constexpr std::string_view kInert[] = {
    "architectures",
    "model_type",
    "architecture",
    "transformers_version",
    "torch_dtype",
    "dtype",
    "use_cache",
    "bos_token_id",
    "eos_token_id",
    "sep_token_id",
    "cls_token_id",
    "mask_token_id",
    "unk_token_id",
    "return_dict",
    "output_hidden_states",
    "output_attentions",
    "torchscript",
    "use_bfloat16",
    "tf_legacy_loss",
    "chunk_size_feed_forward",
    "finetuning_task",
    "tokenizer_class",
    "prefix",
    "name_or_path",
    "_name_or_path",
    "_commit_hash",
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_attn_implementation_internal",
    "_output_attentions",
    "task_specific_params",
    "max_length",
    "min_length",
    "do_sample",
    "early_stopping",
    "num_beams",
    "num_beam_groups",
    "diversity_penalty",
    "temperature",
    "top_k",
    "top_p",
    "typical_p",
    "repetition_penalty",
    "length_penalty",
    "no_repeat_ngram_size",
    "encoder_no_repeat_ngram_size",
    "bad_words_ids",
    "num_return_sequences",
    "output_scores",
    "return_dict_in_generate",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "remove_invalid_values",
    "exponential_decay_length_penalty",
    "suppress_tokens",
    "begin_suppress_tokens",
    "attn_implementation",
    "auto_map",
    "gradient_checkpointing",
    "initializer_range",
    "id2label",
    "label2id",
    "num_labels",
    "problem_type",
    "_num_labels",  // id2label beside it says the same
    "sentence_transformers",
    "language",
    "name",
};

// The task that the class of a config names, if the family knows it.
std::optional<Task> named_task(ConfigReader& reader, const Family& family) {
  std::vector<std::string> names = reader.texts("architectures");
  if (names.empty()) return family.classes.front().task;
  for (const ModelClass& c : family.classes) {
    if (c.name == names.front()) return c.task;
  }
  return {};
}

Result<Task> task_of(ConfigReader& reader, const Family& family, const MakeOptions& options) {
  if (options.task) {
    if (!has_head(family, *options.task))
      return usage_error("the family '" + std::string(family.model_type) + "' has no head for this task",
                         reader.where("model_type"), "use another family or objective");
    return *options.task;
  }
  if (auto task = named_task(reader, family)) return *task;
  std::string known;
  for (const ModelClass& c : family.classes) known += (known.empty() ? "" : ", ") + std::string(c.name);
  return unsupported(
      "the class '" + reader.texts("architectures").front() + "' is not known for " + std::string(family.model_type),
      reader.where("architectures"), "use one of " + known);
}

bool has_labels(Task task) {
  return head_task(task) == Task::kClassification || task == Task::kTokenClassification ||
         task == Task::kQuestionAnswering;
}

// What the labels of a text mean, as configs say it.
struct Problem {
  Task task;
  std::string_view name;
};
constexpr Problem kProblems[] = {{Task::kClassification, "single_label_classification"},
                                 {Task::kMultiLabel, "multi_label_classification"},
                                 {Task::kRegression, "regression"}};

// A config that does not say what its labels mean says it by their number.
Task problem_of(ConfigReader& reader, int64_t labels) {
  std::string name = reader.text("problem_type", "");
  if (name.empty()) return labels == 1 ? Task::kRegression : Task::kClassification;
  for (const Problem& problem : kProblems) {
    if (problem.name == name) return problem.task;
  }
  reader.fail("problem_type", "'" + name + "' is not known",
              "use single_label_classification, multi_label_classification or regression");
  return Task::kClassification;
}

// The number of labels that a config names. `new_head`: what it names is of another head than the one that is made.
int64_t label_count(ConfigReader& reader, Task task, bool new_head) {
  const int64_t fixed = task == Task::kQuestionAnswering ? 2 : 1;  // beginnings and ends; one number for each text
  const bool is_fixed = task == Task::kQuestionAnswering || task == Task::kRegression;
  const Json& names = reader.raw("id2label");
  const bool named = names.is_object() && !names.empty();
  const int64_t count = reader.integer("num_labels",
                                       named      ? static_cast<int64_t>(names.size())
                                       : is_fixed ? fixed
                                                  : 2,
                                       1, 1 << 20);
  return is_fixed && new_head ? fixed : count;
}

void check_count(ConfigReader& reader, Task task, int64_t count, bool trains) {
  if (task == Task::kClassification && count < 2)
    reader.fail("num_labels", "one label leaves nothing to choose", "name two labels or more");
  if (task == Task::kQuestionAnswering && count != 2)
    reader.fail("num_labels", "an answer has a beginning and an end, not " + std::to_string(count) + " numbers",
                "set it to 2");
  if (task == Task::kRegression && count != 1 && trains)
    reader.fail("num_labels", "regression learns one number for each text, not " + std::to_string(count),
                "set it to 1");
}

// Names of a classifier's labels, by index.
std::vector<std::string> read_labels(ConfigReader& reader, int64_t count, bool named) {
  std::vector<std::string> labels;
  for (int64_t i = 0; i < count; ++i) labels.push_back("LABEL_" + std::to_string(i));
  const Json& names = reader.raw("id2label");
  if (!names.is_object() || !named) return labels;
  for (const auto& [key, value] : names.items()) {
    size_t index = labels.size();
    auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
    bool whole = error == std::errc() && end == key.data() + key.size();
    if (whole && index < labels.size() && value.is_string()) labels[index] = value.get<std::string>();
    else reader.fail("id2label", "the entry '" + key + "' does not fit " + std::to_string(count) + " labels");
  }
  return labels;
}

// The labels of a head that has any; settles what those of a text mean.
std::vector<std::string> settle_labels(ConfigReader& reader, const Family& family, const MakeOptions& options,
                                       Task& task) {
  if (!has_labels(task)) return {};
  const bool has_class = !reader.texts("architectures").empty();
  const bool new_head = options.task && has_class && named_task(reader, family) != head_task(task);
  const int64_t count = label_count(reader, task, new_head);
  const Task said = problem_of(reader, count);
  if (task == Task::kClassification && !options.task) task = said;
  check_count(reader, task, count, options.task.has_value());
  const bool sorts = task == Task::kClassification || task == Task::kMultiLabel || task == Task::kTokenClassification;
  if (sorts && !options.labels.empty() && (new_head || !has_class)) return options.labels;
  const bool fixed = new_head && (task == Task::kQuestionAnswering || task == Task::kRegression);
  return read_labels(reader, count, !fixed);
}

void publish_head(ConfigFields& fields, const Family& family, Task task, const std::vector<std::string>& labels) {
  fields.publish("model_type", family.model_type);
  for (const ModelClass& c : family.classes) {
    if (c.task == head_task(task)) {
      fields.publish("architectures", Json::array({std::string(c.name)}));
      break;
    }
  }
  if (labels.empty()) return;
  Json by_id = Json::object(), by_name = Json::object();
  for (size_t i = 0; i < labels.size(); ++i) {
    by_id[std::to_string(i)] = labels[i];
    by_name[labels[i]] = i;
  }
  fields.publish("id2label", by_id);
  fields.publish("label2id", by_name);
  for (const Problem& problem : kProblems) {
    if (problem.task == task) fields.publish("problem_type", problem.name);
  }
}

// A hundred times the largest models that were published; their sums and products fit 64 bits.
constexpr double kMostParameters = 1e14;

double parameters_of(const nn::ParameterSet& set) {
  double count = 0;
  for (const auto& entry : set.entries()) {
    double n = 1;
    for (int i = 0; i < entry->spec.shape.rank(); ++i) n *= static_cast<double>(entry->spec.shape[i]);
    count += n;
  }
  return count;
}

}  // namespace

Result<std::unique_ptr<Model>> make_model(const ConfigDocument& document, const Json& object,
                                          const MakeOptions& options) {
  ConfigReader reader(document, object, options.path);
  std::string name = reader.text("model_type", reader.text("architecture", ""));
  const Family* family = find_family(name);
  if (name.empty())
    return usage_error("no architecture is named", document.where(options.path),
                       "set model_type (in a training configuration: architecture)");
  if (!family)
    return unsupported("the architecture '" + name + "' is not known",
                       reader.where(object.contains("model_type") ? "model_type" : "architecture"),
                       "use one of " + family_names());
  if (!reader.raw("quantization_config").is_null())
    return unsupported("quantized weights are not read", reader.where("quantization_config"), "use the original model");
  for (std::string_view key : kInert) reader.raw(key);
  for (std::string_view key : family->inert) reader.raw(key);
  for (const auto& [key, value] : object.items()) {
    if (value.is_null()) reader.raw(key);  // a field that is not used
  }
  MALMOI_ASSIGN(Task task, task_of(reader, *family, options));
  ConfigFields fields(reader, options.training);
  std::vector<std::string> labels = settle_labels(reader, *family, options, task);
  publish_head(fields, *family, task, labels);
  Parts parts = family->make(fields, head_task(task), static_cast<int64_t>(labels.size()));
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"}) {
    if (!fields.published().contains(key)) fields.token_ids({key});
  }
  fields.publish("use_cache", true);
  MALMOI_TRY(reader.finish());
  if (double count = parameters_of(parts.parameters); count > kMostParameters)
    return usage_error(
        "the sizes together make " + std::to_string(static_cast<int64_t>(count / 1e12)) + "e12 parameters",
        document.where(options.path), "check the sizes");
  auto model = std::make_unique<Model>(name, task, std::move(fields.published()));
  model->parameters = std::move(parts.parameters);
  model->backbone = std::move(parts.backbone);
  model->head = std::move(parts.head);
  model->sizes = parts.sizes;
  model->head_begin = parts.head_begin;
  model->router_balance = parts.router_balance;
  model->decoder_start_token_id = parts.decoder_start_token_id;
  model->pad_token_id = parts.pad_token_id;
  model->labels = std::move(labels);
  model->tied_head = std::move(parts.tied_head);
  model->beside = std::move(parts.beside);
  return model;
}

}  // namespace malmoi::model
