#include "app/doctor.h"

#include <dnnl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/log.h"
#include "base/parallel.h"

namespace malmoi::app {

Json doctor() {
  Json report;
  report["cpu"] = cpu_model();
  report["isa"] = isa_name(active_isa());
  report["isa_detected"] = isa_name(detected_isa());
  report["threads"] = num_threads();
  report["memory_bytes"] = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  const dnnl_version_t* dnnl = dnnl_version();
  report["libraries"]["onednn"] = fmt::format("{}.{}.{}", dnnl->major, dnnl->minor, dnnl->patch);
  Json missing = Json::array();
  if (detected_isa() == Isa::kBaseline)
    missing.push_back({{"what", "AVX2"}, {"remedy", "use a CPU with AVX2; everything works, slowly"}});
  report["missing"] = missing;
  return report;
}

}  // namespace malmoi::app
