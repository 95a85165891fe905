#include "app/doctor.h"

#include <dnnl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/log.h"
#include "base/parallel.h"

namespace malmoi::app {

Json to_json(const Machine& machine) {
  Json json = {{"cpu", machine.cpu},
               {"isa", machine.isa},
               {"isa_detected", machine.isa_detected},
               {"threads", machine.threads},
               {"memory_bytes", machine.memory_bytes}};
  for (const auto& [name, version] : machine.libraries) json["libraries"][name] = version;
  json["missing"] = Json::array();
  for (const Machine::Missing& missing : machine.missing)
    json["missing"].push_back({{"what", missing.what}, {"remedy", missing.remedy}});
  return json;
}

Machine doctor() {
  Machine machine;
  machine.cpu = cpu_model();
  machine.isa = isa_name(active_isa());
  machine.isa_detected = isa_name(detected_isa());
  machine.threads = num_threads();
  machine.memory_bytes = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  const dnnl_version_t* dnnl = dnnl_version();
  machine.libraries.emplace_back("onednn", fmt::format("{}.{}.{}", dnnl->major, dnnl->minor, dnnl->patch));
  if (detected_isa() == Isa::kBaseline)
    machine.missing.push_back({"AVX2", "use a CPU with AVX2; everything works, slowly"});
  return machine;
}

}  // namespace malmoi::app
