#include "data/build/recipe.h"

#include <charconv>

#include "base/file.h"
#include "base/hash.h"
#include "data/pii/settings.h"

namespace malmoi::data {
namespace {

uint64_t read_size(ConfigReader& reader, std::string_view key, uint64_t fallback) {
  if (!reader.has(key)) return fallback;
  auto size = parse_bytes(reader.text(key, ""), reader.where(key));
  if (size.ok()) return *size;
  reader.fail(key, size.error().what, size.error().remedy);
  return fallback;
}

Status read_limits(ConfigReader limits, ReaderLimits& out) {
  out.document_bytes = read_size(limits, "document_bytes", out.document_bytes);
  out.expanded_bytes = read_size(limits, "expanded_bytes", out.expanded_bytes);
  out.expansion_ratio = limits.number("expansion_ratio", out.expansion_ratio, 1);
  out.archive_entries =
      static_cast<uint64_t>(limits.integer("archive_entries", static_cast<int64_t>(out.archive_entries), 1));
  out.nesting = static_cast<int>(limits.integer("nesting", out.nesting, 1, 16));
  out.pdf_seconds = limits.number("pdf_seconds", out.pdf_seconds, 0.1, 86400);
  out.pdf_memory = read_size(limits, "pdf_memory", out.pdf_memory);
  return limits.finish();
}

Result<SourceSpec> read_source(const ConfigDocument& document, const Json& entry, size_t index) {
  SourceSpec source;
  std::string path = "sources[" + std::to_string(index) + "]";
  if (entry.is_string()) {
    source.paths = {entry.get<std::string>()};
    source.name = Path(source.paths[0]).filename().string();
    return source;
  }
  ConfigReader reader(document, entry, path);
  source.paths = reader.texts("paths");
  if (reader.has("path")) source.paths.push_back(reader.text("path", ""));
  source.name = reader.text("name", source.paths.empty() ? "" : Path(source.paths[0]).filename().string());
  source.license = reader.text("license", "");
  source.language = reader.text("language", "");
  source.weight = reader.number("weight", 0, 0, 1e9);
  source.epochs = reader.number("epochs", 1, 0, 1000);
  source.whole_page = reader.boolean("whole_page", false);
  source.reader.text_field = reader.text("text_field", "");
  source.reader.source_trees = reader.boolean("source_trees", false);
  std::vector<std::string> names = {""};
  for (const FormatEntry& format : format_table()) names.emplace_back(format.name);
  source.reader.format = names[reader.choice("format", names, 0)];
  if (source.paths.empty()) reader.fail("paths", "no path", "name a file or folder");
  MALMOI_TRY(reader.finish());
  return source;
}

Result<std::vector<FilterSpec>> read_filters(const ConfigDocument& document, const Json& list) {
  std::vector<FilterSpec> filters;
  if (list.is_null()) return filters;
  if (!list.is_array())
    return usage_error("a list was expected", document.where("filters"), "write `- gopher_quality` lines");
  for (const Json& entry : list) {
    if (entry.is_string()) filters.push_back({entry.get<std::string>(), Json::object()});
    else if (entry.is_object() && entry.size() == 1)
      filters.push_back(
          {entry.begin().key(), entry.begin().value().is_null() ? Json::object() : entry.begin().value()});
    else
      return usage_error("a filter's name, or its name with settings, was expected", document.where("filters"),
                         "write `- c4: {min_sentences: 3}`");
  }
  return filters;
}

Status read_dedup(ConfigReader dedup, Recipe& recipe) {
  recipe.exact = dedup.boolean("exact", true);
  recipe.near.on = dedup.has("near") && !(dedup.raw("near").is_boolean() && !dedup.boolean("near", true));
  if (dedup.raw("near").is_object()) {
    ConfigReader near = dedup.object("near");
    recipe.near.threshold = near.number("threshold", recipe.near.threshold, 0.1, 1);
    recipe.near.ngram = static_cast<int>(near.integer("ngram", recipe.near.ngram, 1, 64));
    MALMOI_TRY(near.finish());
  }
  if (dedup.raw("paragraphs").is_boolean()) {
    recipe.paragraphs.on = dedup.boolean("paragraphs", true);
  } else if (dedup.has("paragraphs")) {
    ConfigReader paragraphs = dedup.object("paragraphs");
    recipe.paragraphs.min_length =
        static_cast<uint32_t>(paragraphs.integer("min_length", recipe.paragraphs.min_length, 1, 1 << 20));
    MALMOI_TRY(paragraphs.finish());
  }
  recipe.substring.on =
      dedup.has("substring") && !(dedup.raw("substring").is_boolean() && !dedup.boolean("substring", true));
  if (dedup.raw("substring").is_object()) {
    ConfigReader substring = dedup.object("substring");
    recipe.substring.min_bytes =
        static_cast<uint32_t>(substring.integer("min_bytes", recipe.substring.min_bytes, 20, 1 << 20));
    MALMOI_TRY(substring.finish());
  }
  return dedup.finish();
}

Status read_pii(ConfigReader pii, Recipe& recipe) {
  recipe.pii.on = true;
  const std::vector<std::string> actions = {"placeholder", "pseudonym", "remove", "drop"};
  recipe.pii.action = actions[pii.choice("action", actions, 0)];
  recipe.pii.types = pii.texts("types");
  std::string key_file = pii.text("key_file", "");
  if (recipe.pii.action == "pseudonym" && key_file.empty())
    pii.fail("key_file", "pseudonyms need a key", "name a file that holds it");
  MALMOI_TRY(pii.finish());
  if (!key_file.empty()) {
    MALMOI_ASSIGN(recipe.pii.key, read_pii_key(key_file));
  }
  return {};
}

Status read_split(ConfigReader split, Recipe& recipe) {
  recipe.valid_fraction = split.number("valid", recipe.valid_fraction, 0, 0.9);
  recipe.test_fraction = split.number("test", recipe.test_fraction, 0, 0.9);
  recipe.seed = static_cast<uint64_t>(split.integer("seed", static_cast<int64_t>(recipe.seed), 0));
  std::string group = split.text("group", "document");
  if (group == "document") recipe.group = GroupBy::kDocument;
  else if (group == "folder") recipe.group = GroupBy::kFolder;
  else if (group == "host") recipe.group = GroupBy::kHost;
  else recipe.group = GroupBy::kField;
  if (recipe.group == GroupBy::kField) recipe.group_field = group;
  if (recipe.valid_fraction + recipe.test_fraction >= 1)
    split.fail("valid", "valid and test leave nothing for training", "lower them");
  return split.finish();
}

Status read_order(ConfigReader order, Recipe& recipe) {
  recipe.shuffle = order.boolean("shuffle", true);
  recipe.seed = static_cast<uint64_t>(order.integer("seed", static_cast<int64_t>(recipe.seed), 0));
  recipe.curriculum = order.choice("curriculum", {"none", "length"}, 0) == 1;
  return order.finish();
}

}  // namespace

Result<uint64_t> parse_bytes(std::string_view text, const std::string& where) {
  double number = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit = text.substr(static_cast<size_t>(parsed.ptr - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  struct Unit {
    std::string_view name;
    double size;
  };
  constexpr Unit kUnits[] = {{"", 1},
                             {"B", 1},
                             {"KB", 1e3},
                             {"MB", 1e6},
                             {"GB", 1e9},
                             {"TB", 1e12},
                             {"k", 1e3},
                             {"M", 1e6},
                             {"G", 1e9},
                             {"KiB", 1024.0},
                             {"MiB", 1048576.0},
                             {"GiB", 1073741824.0},
                             {"TiB", 1099511627776.0}};
  if (parsed.ec == std::errc() && number >= 0)
    for (const Unit& u : kUnits)
      if (unit == u.name && number * u.size < 9e18) return static_cast<uint64_t>(number * u.size);
  return usage_error("'" + std::string(text) + "' is no size", where, "write 512MiB, 2GB or a number of bytes");
}

Recipe default_recipe(std::vector<std::string> paths, Path out) {
  Recipe recipe;
  recipe.name = out.filename().string();
  for (std::string& path : paths) {
    SourceSpec source;
    Path p(path);
    source.name = p.filename().empty() ? p.parent_path().filename().string() : p.filename().string();
    // Two folders called "text" are told apart by what they lie in.
    for (const SourceSpec& other : recipe.sources)
      if (other.name == source.name) source.name = path;
    source.paths = {std::move(path)};
    recipe.sources.push_back(std::move(source));
  }
  recipe.out = std::move(out);
  return recipe;
}

Result<Recipe> parse_recipe(const ConfigDocument& document) {
  Recipe recipe;
  ConfigReader reader(document);
  if (reader.integer("schema_version", 1) != 1)
    reader.fail("schema_version", "only version 1 is known", "write schema_version: 1");
  recipe.name = reader.text("name", Path(document.file).stem().string());
  recipe.out = reader.text("out", "");
  const Json& sources = reader.raw("sources");
  if (!sources.is_array() || sources.empty()) {
    reader.fail("sources", "a list of sources was expected", "write `sources: [{paths: [FOLDER]}]`");
  } else {
    for (size_t i = 0; i < sources.size(); ++i) {
      MALMOI_ASSIGN(SourceSpec source, read_source(document, sources[i], i));
      recipe.sources.push_back(std::move(source));
    }
  }
  ConfigReader extract = reader.object("extract");
  recipe.format = extract.choice("format", {"markdown", "text"}, 0) == 0 ? TextFormat::kMarkdown : TextFormat::kPlain;
  MALMOI_TRY(extract.finish());
  ConfigReader languages = reader.object("languages");
  recipe.split_languages = languages.boolean("split", true);
  recipe.keep_languages = languages.texts("keep");
  MALMOI_TRY(languages.finish());
  recipe.min_characters = static_cast<uint64_t>(reader.integer("min_characters", 20, 0));
  MALMOI_ASSIGN(recipe.filters, read_filters(document, reader.raw("filters")));
  MALMOI_TRY(read_dedup(reader.object("dedup"), recipe));
  if (reader.has("pii") && !(reader.raw("pii").is_boolean() && !reader.boolean("pii", true))) {
    if (reader.raw("pii").is_boolean()) recipe.pii.on = true;
    else MALMOI_TRY(read_pii(reader.object("pii"), recipe));
  }
  ConfigReader decontaminate = reader.object("decontaminate");
  recipe.decontaminate.sets = decontaminate.texts("sets");
  recipe.decontaminate.ngram = static_cast<int>(decontaminate.integer("ngram", 13, 1, 1000));
  MALMOI_TRY(decontaminate.finish());
  MALMOI_TRY(read_split(reader.object("split"), recipe));
  MALMOI_TRY(read_order(reader.object("order"), recipe));
  ConfigReader mix = reader.object("mix");
  recipe.temperature = mix.number("temperature", 1, 0.01, 1000);
  MALMOI_TRY(mix.finish());
  ConfigReader output = reader.object("output");
  recipe.shard_bytes = std::max<uint64_t>(read_size(output, "shard_bytes", recipe.shard_bytes), 1 << 16);
  recipe.compression = static_cast<int>(output.integer("compression", 6, 0, 19));
  MALMOI_TRY(output.finish());
  MALMOI_TRY(read_limits(reader.object("limits"), recipe.limits));
  MALMOI_TRY(reader.finish());
  for (SourceSpec& source : recipe.sources) source.reader.limits = recipe.limits;
  return recipe;
}

Json Recipe::description() const {
  Json d;
  d["name"] = name;
  for (const SourceSpec& s : sources)
    d["sources"].push_back({{"name", s.name},
                            {"paths", s.paths},
                            {"format", s.reader.format},
                            {"text_field", s.reader.text_field},
                            {"source_trees", s.reader.source_trees},
                            {"license", s.license},
                            {"language", s.language},
                            {"whole_page", s.whole_page},
                            {"weight", s.weight},
                            {"epochs", s.epochs}});
  d["extract"] = format == TextFormat::kMarkdown ? "markdown" : "text";
  d["languages"] = {{"split", split_languages}, {"keep", keep_languages}};
  d["min_characters"] = min_characters;
  d["filters"] = Json::array();
  for (const FilterSpec& f : filters) d["filters"].push_back({{f.name, f.settings}});
  d["dedup"]["exact"] = exact;
  d["dedup"]["near"] = near.on ? Json{{"threshold", near.threshold}, {"ngram", near.ngram}} : Json(false);
  d["dedup"]["paragraphs"] = paragraphs.on ? Json{{"min_length", paragraphs.min_length}} : Json(false);
  d["dedup"]["substring"] = substring.on ? Json{{"min_bytes", substring.min_bytes}} : Json(false);
  // The key itself stays out of everything that is written.
  d["pii"] = pii.on ? Json{{"action", pii.action},
                           {"types", pii.types},
                           {"key", to_hex(hash128("malmoi pii key" + pii.key)).substr(0, 8)}}
                    : Json(false);
  d["decontaminate"] = {{"sets", decontaminate.sets}, {"ngram", decontaminate.ngram}};
  d["split"] = {
      {"valid", valid_fraction}, {"test", test_fraction}, {"group", static_cast<int>(group)}, {"field", group_field}};
  d["order"] = {{"seed", seed}, {"shuffle", shuffle}, {"curriculum", curriculum}};
  d["mix"] = {{"temperature", temperature}};
  d["output"] = {{"shard_bytes", shard_bytes}, {"compression", compression}};
  d["limits"] = {{"document_bytes", limits.document_bytes},
                 {"expanded_bytes", limits.expanded_bytes},
                 {"expansion_ratio", limits.expansion_ratio},
                 {"archive_entries", limits.archive_entries},
                 {"nesting", limits.nesting},
                 {"pdf_seconds", limits.pdf_seconds},
                 {"pdf_memory", limits.pdf_memory}};
  return d;
}

}  // namespace malmoi::data
