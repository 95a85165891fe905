# Every dependency, each with its reason. All are Debian 12 packages; packages.txt names them for apt.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
if(MALMOI_OPENMP)
  find_package(OpenMP REQUIRED)          # the threads that oneDNN computes on
endif()
# Matrix products (oneDNN). Debian's own package file asks for OpenCL headers that nothing here needs.
find_library(DNNL_LIBRARY dnnl REQUIRED)
add_library(malmoi_dnnl INTERFACE IMPORTED)
target_link_libraries(malmoi_dnnl INTERFACE ${DNNL_LIBRARY})
find_package(ICU REQUIRED COMPONENTS uc i18n)   # encodings and Unicode normalisation of documents
find_package(nlohmann_json REQUIRED)     # JSON values
find_package(yaml-cpp REQUIRED)          # configurations and recipes
find_package(fmt REQUIRED)               # formatting
find_package(CLI11 REQUIRED)             # the command line
# Editing lines in `malmoi chat`, with wide characters and pasted lines. GPL-3, as poppler is GPL: our sources stay under their
# licence, which agrees with it; who passes a built program on does so under the GPL.
find_library(READLINE_LIBRARY readline REQUIRED)
find_package(ZLIB REQUIRED)              # stored and deflated checks of archives
find_package(LibArchive REQUIRED)        # gz, xz, bz2, zip, tar of documents
find_package(OpenSSL REQUIRED)           # digests, keyed pseudonyms
find_package(CURL REQUIRED)              # crawling
find_package(Boost 1.81 REQUIRED)        # Beast and Asio: the HTTP server
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)          # corpus shards
pkg_check_modules(BROTLI REQUIRED IMPORTED_TARGET libbrotlidec)    # pages in web archives that servers packed
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)      # content hashes, checksums
pkg_check_modules(GUMBO REQUIRED IMPORTED_TARGET gumbo)           # HTML5
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)      # arbitrary split patterns
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)     # JSONL at the disk's speed
pkg_check_modules(PROMETHEUS REQUIRED IMPORTED_TARGET prometheus-cpp-core)  # metrics of the server
pkg_check_modules(POPPLER REQUIRED IMPORTED_TARGET poppler-cpp)   # PDF; poppler-data has the Korean, Japanese and Chinese encodings
find_package(pugixml REQUIRED)           # DOCX, EPUB, ODT, feeds, dumps
find_library(CLD2_LIBRARY cld2 REQUIRED)                          # languages of documents
pkg_check_modules(DIVSUFSORT REQUIRED IMPORTED_TARGET libdivsufsort)  # suffix arrays: repeated substrings
if(BUILD_TESTING)
  find_package(GTest REQUIRED)           # unit tests
endif()
if(MALMOI_BENCH)
  find_package(benchmark REQUIRED)       # microbenchmarks
endif()
