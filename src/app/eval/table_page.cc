#include "app/eval/table_page.h"

#include "app/report/page.h"

namespace malmoi::embedded {
extern const std::string_view table_page;
}

namespace malmoi::app {

Status write_table_page(const TableEvalReport& report, const Path& path) {
  MALMOI_ASSIGN(std::string html, fill_page(embedded::table_page, to_json(report)));
  return write_file(path, html);
}

}  // namespace malmoi::app
