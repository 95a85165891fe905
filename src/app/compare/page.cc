#include "app/compare/page.h"

#include "app/report/page.h"

namespace malmoi::embedded {
extern const std::string_view compare_page;
}

namespace malmoi::app {

Status write_compare_page(const CompareReport& report, const Path& path) {
  Json data = to_json(report);
  data["title"] = path.parent_path().filename().string();
  MALMOI_ASSIGN(std::string html, fill_page(embedded::compare_page, data));
  return write_file(path, html);
}

}  // namespace malmoi::app
