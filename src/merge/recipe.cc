#include "merge/recipe.h"

#include <algorithm>

namespace malmoi::merge {
namespace {

// Settings that are numbers of a way of computing, not of the result.
constexpr std::string_view kWithoutEffect[] = {"int8_mask"};

class RecipeReader {
 public:
  RecipeReader(const ConfigDocument& document, const Warn& warn) : document_(document), warn_(warn) {}

  Result<Recipe> read() {
    if (!document_.root.is_object())
      return usage_error("is no recipe", document_.file, "write merge_method: and models: into it");
    ConfigReader top(document_);
    recipe_.where = document_.file;
    MALMOI_TRY(read_method(top));
    recipe_.base = name_of_model(top, "base_model");
    MALMOI_TRY(read_inputs(top));
    MALMOI_ASSIGN(recipe_.settings, read_settings(top));
    recipe_.dtype = read_dtype(top, "dtype");
    recipe_.out_dtype = read_dtype(top, "out_dtype");
    MALMOI_TRY(read_tokenizer(top));
    recipe_.chat_template = top.text("chat_template", "");
    MALMOI_TRY(top.finish());
    return std::move(recipe_);
  }

 private:
  Status read_method(ConfigReader& top) {
    const std::string name = top.text("merge_method", "");
    recipe_.method = find_method(name);
    if (recipe_.method) return {};
    if (name.empty()) return usage_error("no method is named", document_.file, "set merge_method: " + method_names());
    std::vector<std::string> names;
    for (const Method* method : method_table()) names.emplace_back(method->name);
    const std::string near = nearest_word(name, names);
    return usage_error("there is no method '" + name + "' here", top.where("merge_method"),
                       near.empty() ? "use one of " + method_names() : "did you mean '" + near + "'?");
  }

  std::string name_of_model(ConfigReader& reader, const char* key) {
    if (reader.present(key) && reader.raw(key).is_object()) {
      reader.fail(key, "is a mapping", "name the model's folder, as text");
      return {};
    }
    std::string name = reader.text(key, "");
    if (name.find('+') != std::string::npos && !malmoi::exists(name))
      reader.fail(key, "names an adapter behind '+', which is not merged on the way",
                  "merge it first: malmoi adapter merge");
    return name;
  }

  Result<Settings> read_settings(ConfigReader& parent) {
    Settings settings;
    const Json& object = parent.raw("parameters");
    if (object.is_null()) return settings;
    const std::string where = parent.where("parameters");
    if (!object.is_object()) return usage_error("a mapping of names to numbers was expected", where);
    for (const auto& [name, value] : object.items()) {
      if (!is_setting(name)) return unknown_setting(name, where);
      const auto& known = recipe_.method->settings;
      if (std::ranges::find(kWithoutEffect, name) != std::end(kWithoutEffect)) {
        warn_once("parameter '" + name + "' changes nothing here: masks take no memory of their own");
        continue;
      }
      if (std::ranges::find(known, name) == known.end())
        warn_once("parameter '" + name + "' is not one that " + std::string(recipe_.method->name) + " reads");
      MALMOI_ASSIGN(Setting setting, Setting::read(value, where + ": " + name));
      settings.emplace(name, std::move(setting));
    }
    return settings;
  }

  Error unknown_setting(const std::string& name, const std::string& where) {
    std::vector<std::string> names;
    for (const Method* method : method_table())
      names.insert(names.end(), method->settings.begin(), method->settings.end());
    const std::string near = nearest_word(name, names);
    return usage_error("there is no parameter '" + name + "'", where,
                       near.empty() ? "remove it" : "did you mean '" + near + "'?");
  }

  void warn_once(const std::string& line) {
    if (std::ranges::find(warned_, line) != warned_.end()) return;
    warned_.push_back(line);
    warn_(line + " (" + document_.file + ")");
  }

  Status read_inputs(ConfigReader& top) {
    const Json &models = top.raw("models"), &slices = top.raw("slices");
    if (top.present("modules"))
      return unsupported("merging part by part ('modules') is not done", top.where("modules"), "use models or slices");
    if (models.is_null() == slices.is_null())
      return usage_error("exactly one of models and slices is needed", document_.file,
                         "list the models, or slices of their layers");
    const char* key = models.is_null() ? "slices" : "models";
    const Json& list = top.raw(key);
    if (!list.is_array() || list.empty()) return usage_error("a list was expected", top.where(key));
    recipe_.whole_models = !models.is_null();
    if (!recipe_.whole_models) {
      for (size_t i = 0; i < list.size(); ++i) MALMOI_TRY(read_slice(list[i], "slices." + std::to_string(i)));
      return {};
    }
    RecipeSlice whole;
    MALMOI_TRY(read_sources(list, "models", whole));
    add_base(whole);
    recipe_.slices.push_back(std::move(whole));
    return {};
  }

  // A base that is not listed is there all the same, as the last.
  void add_base(RecipeSlice& whole) {
    if (recipe_.base.empty()) return;
    if (std::ranges::find(whole.sources, recipe_.base, &RecipeSource::model) != whole.sources.end()) return;
    whole.sources.push_back({.model = recipe_.base, .layers = {}, .settings = {}});
  }

  Status read_slice(const Json& value, const std::string& path) {
    if (!value.is_object())
      return usage_error("a mapping was expected", document_.where(path), "write sources: into each slice");
    ConfigReader reader(document_, value, path);
    RecipeSlice slice;
    slice.base = name_of_model(reader, "base_model");
    if (reader.present("residual_weight"))
      return unsupported("weights of the residual stream are not done", reader.where("residual_weight"), "remove it");
    MALMOI_ASSIGN(slice.settings, read_settings(reader));
    const Json& sources = reader.raw("sources");
    if (!sources.is_array() || sources.empty())
      return usage_error("a list of sources was expected", reader.where("sources"));
    MALMOI_TRY(read_sources(sources, path + ".sources", slice));
    MALMOI_TRY(reader.finish());
    recipe_.slices.push_back(std::move(slice));
    return {};
  }

  Status read_sources(const Json& list, const std::string& path, RecipeSlice& slice) {
    for (size_t i = 0; i < list.size(); ++i) {
      const std::string own = path + "." + std::to_string(i);
      if (!list[i].is_object())
        return usage_error("a mapping was expected", document_.where(own), "write model: FOLDER into each");
      ConfigReader reader(document_, list[i], own);
      RecipeSource source;
      source.model = name_of_model(reader, "model");
      if (source.model.empty()) reader.fail("model", "is missing", "name a model's folder");
      MALMOI_ASSIGN(source.settings, read_settings(reader));
      if (!recipe_.whole_models) {
        MALMOI_ASSIGN(source.layers, read_range(reader));
      }
      MALMOI_TRY(reader.finish());
      if (std::ranges::find(slice.sources, source.model, &RecipeSource::model) != slice.sources.end())
        return usage_error("the model '" + source.model + "' stands twice", document_.where(own),
                           "give it once, with the sum of its weights");
      slice.sources.push_back(std::move(source));
    }
    return {};
  }

  Result<std::optional<std::pair<int64_t, int64_t>>> read_range(ConfigReader& reader) {
    const Json& range = reader.raw("layer_range");
    auto is_count = [](const Json& number) { return number.is_number_integer() && number.get<int64_t>() >= 0; };
    if (!range.is_array() || range.size() != 2 || !is_count(range[0]) || !is_count(range[1]) ||
        range[0].get<int64_t>() >= range[1].get<int64_t>())
      return usage_error("two numbers of layers were expected, the first one and the one behind the last",
                         reader.where("layer_range"), "for example: layer_range: [0, 16]");
    return std::optional(std::pair(range[0].get<int64_t>(), range[1].get<int64_t>()));
  }

  std::optional<DType> read_dtype(ConfigReader& reader, const char* key) {
    std::string name = reader.text(key, "");
    if (name.starts_with("torch.")) name = name.substr(6);
    if (name.empty()) return {};
    if (name == "float32") return DType::kF32;
    if (name == "bfloat16") return DType::kBF16;
    if (name == "float16") return DType::kF16;
    reader.fail(key, "'" + name + "' is not known", "use float32, bfloat16 or float16");
    return {};
  }

  Status read_tokenizer(ConfigReader& top) {
    recipe_.tokenizer = top.text("tokenizer_source", "");
    if (!top.raw("tokenizer").is_null()) {
      if (!recipe_.tokenizer.empty())
        return usage_error("stands beside tokenizer_source", top.where("tokenizer"), "keep one of the two");
      ConfigReader reader = top.object("tokenizer");
      recipe_.tokenizer = reader.text("source", "union");
      recipe_.pad_vocabulary = reader.integer("pad_to_multiple_of", 1, 1, 1 << 20);
      if (!reader.raw("tokens").is_null())
        reader.fail("tokens", "rows of single tokens are not set here", "remove it; tokens take their default rows");
      MALMOI_TRY(reader.finish());
    }
    if (recipe_.tokenizer == "union")
      return unsupported(
          "a union of vocabularies is not made", top.where("tokenizer"),
          "say source: base, or make a folder with the tokenizer that you want (malmoi vocab extend) and "
          "name it");
    return {};
  }

  const ConfigDocument& document_;
  const Warn& warn_;
  Recipe recipe_;
  std::vector<std::string> warned_;
};

}  // namespace

std::vector<std::string> Recipe::models() const {
  std::vector<std::string> names;
  auto add = [&](const std::string& name) {
    if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  add(base);
  for (const RecipeSlice& slice : slices) {
    add(slice.base);
    for (const RecipeSource& source : slice.sources) add(source.model);
  }
  return names;
}

size_t tokenizer_model(const Recipe& recipe) {
  const std::vector<std::string> names = recipe.models();
  if (recipe.tokenizer.empty() || recipe.tokenizer == "base") return 0;
  return static_cast<size_t>(std::ranges::find(names, recipe.tokenizer) - names.begin());
}

Result<Recipe> read_recipe(const ConfigDocument& document, const Warn& warn) {
  return RecipeReader(document, warn).read();
}

}  // namespace malmoi::merge
