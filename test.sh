#!/bin/bash
# Installs, builds and tests everything:
#   release   the program; every test (units, structure, the program from outside)
#   asan      AddressSanitizer and UndefinedBehaviorSanitizer over all unit tests
#   tsan      ThreadSanitizer over what has threads
# and, only when it is named:
#   agree     every family held to transformers and PyTorch, adapters to peft, which it installs (gigabytes) into
#             build/agree; exits 3 where they cannot be had; and GGUF files to llama.cpp, where llama-completion is on PATH
#             or LLAMA_COMPLETION says where
# About half an hour from nothing on two cores; a few minutes when little changed (ccache).
# Ends with the sum of all of it in the form that ctest prints; exits 1 if anything failed.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
THREADED="base data chat infer serve"   # the folders whose unit tests run under tsan
# What does not run under asan: tests that take one piece of code through thousands of cases, each for a quarter of a minute or more
# there. Its neighbours run.
MANY_CASES="*Growth*:*TimeGrows*:HtmlTree.Depth*:Html.Depth*:Matcher.MasksAre*:Matcher.TooMuchWork*:JsonSchema.Hostile*"
MANY_CASES+=":Gbnf.HostileTexts*:NumberRange.*:Multiples.*:JsonCheck.CharacterMaps*:Train.EveryKindReads*:Train.UnigramLearns*"
MANY_CASES+=":Slopes.*:Sizes.WhatCannotBeMadeEqual*:Convert.EveryFamilyComesBack*:OutputTable.OutputsAreScored*"
MANY_CASES+=":Unicode.*Reference*:Train.UnigramIsAsLikely*:BpeMerges.EqualThePlain*"
MANY_CASES+=":Train.TheSameForAny*:BodiesTest.ARequestThatIsAnswered*:NearDuplicates.ACluster*:Dedup.SortsInManyRuns"
# What does not run under tsan: goldens hold the numbers of one family after another, and what reads documents works on one thread.
# Both take as long as all the rest.
ONE_THREAD="Models/Golden.*:*Growth*:HtmlTree.*:Archive.*:Lines.*:Mail.*:Warc.*:Html.*:Hwp.*:Pii.*:Wikitext.*:Files/*"

case "${1:-}" in
  "") ;;
  --help|-h)
    echo "Usage: ./test.sh [release|asan|tsan|agree]   (the first three when none is named)"
    echo "Example: ./test.sh asan"
    exit 0 ;;
  release|asan|tsan|agree) ;;
  *) echo "test.sh: unknown stage '$1'; use release, asan, tsan or agree" >&2; exit 2 ;;
esac
only=${1:-all}

. .ci/packages.sh
install_packages packages.txt || exit 1

# npm_install FOLDER PACKAGE WHAT: what FOLDER/package-lock.json pins, unless PACKAGE is there; WHAT is left out where that fails.
# Only where a Node is that can build the page (20.19 on); a build of the program needs none.
npm_install() {
  command -v npm >/dev/null && [ ! -d "$1/node_modules/$2" ] || return 0
  [ "$(printf '%s\n' 20.19 "$(node --version | tr -d v)" | sort -V | head -1)" = 20.19 ] || return 0
  local said
  said=$(npm ci --prefix "$1" --no-audit --no-fund 2>&1) || said=$(npm ci --prefix "$1" --no-audit --no-fund 2>&1) ||
    { rm -rf "$1/node_modules"  # a half of it would look whole
      echo "test.sh: npm ci failed, so $3: $(grep -v '^npm warn' <<<"$said" | head -3)" >&2; }
}
npm_install web vite "the page is not compared with its sources"
npm_install tests/clients openai "no client library for Node is tried"

# install_python_packages FOLDER REQUIREMENTS: a virtual environment with what the file names; its last error in $said.
install_python_packages() {
  cmp -s "$2" "$1/installed.txt" && return 0
  said=$({ python3 -m venv --clear "$1" && "$1/bin/pip" install -q --disable-pip-version-check --retries 2 --timeout 30 -r "$2"; } 2>&1) &&
    cp "$2" "$1/installed.txt" && return 0
  said=$(tail -1 <<<"$said")
  rm -rf "$1"
  return 1
}

# Clients and tokenizers of others, for the tests that hold ours to them; those are skipped where PyPI cannot be reached.
python=build/python
install_python_packages "$python" tests/requirements.txt ||
  echo "test.sh: no packages from PyPI, so nothing is compared with theirs: $said" >&2
interpreter=()
[ ! -x "$python/bin/python" ] || interpreter=("-DPython3_EXECUTABLE=$PWD/$python/bin/python")

jobs=$(nproc)
# A compiler at work takes up to 2 GB: fewer at once where memory is short.
by_memory=$(awk '/MemAvailable/ {n = int($2 / 2000000); print n < 1 ? 1 : n}' /proc/meminfo)
[ "$by_memory" -lt "$jobs" ] && jobs=$by_memory
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
passed=0 failed=0 broken=()

say() { printf '\n== %s (%d min %02d s)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60)); }

# build PRESET TARGET...
build() {
  local preset=$1
  shift
  say "$preset: build"
  cmake --preset "$preset" "${interpreter[@]}" >"$logs/configure" 2>&1 || { cat "$logs/configure"; broken+=("$preset: configure"); return 1; }
  cmake --build --preset "$preset" -j "$jobs" --target "$@" >"$logs/build" 2>&1 ||
    { grep -v '^\[' "$logs/build" | tail -60; broken+=("$preset: build"); return 1; }
}

# run_tests PRESET CTEST_ARGUMENT... : adds to the sums.
run_tests() {
  local preset=$1
  shift
  say "$preset: tests"
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "$jobs" "$@" | tee "$logs/tests"
  local total bad
  read -r bad total < <(sed -n 's/.*tests passed, \([0-9]*\) tests failed out of \([0-9]*\).*/\1 \2/p' "$logs/tests")
  [ -n "${total:-}" ] || { broken+=("$preset: tests did not run"); return 1; }
  passed=$((passed + total - bad)) failed=$((failed + bad))
}

if [ "$only" = all ] || [ "$only" = release ]; then
  build release all && run_tests release
fi
if [ "$only" = all ] || [ "$only" = asan ]; then
  build asan unit_tests &&
    ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 GTEST_FILTER=-$MANY_CASES \
      run_tests asan -L unit
fi
if [ "$only" = all ] || [ "$only" = tsan ]; then
  targets=() names=
  for folder in $THREADED; do
    compgen -G "src/$folder/*_test.cc" >/dev/null || compgen -G "src/$folder/*/*_test.cc" >/dev/null || continue
    targets+=("${folder}_test") names+="${names:+|}$folder"
  done
  build tsan "${targets[@]}" && TSAN_OPTIONS=halt_on_error=1 GTEST_FILTER=-$ONE_THREAD run_tests tsan -R "^unit\.($names)(\.|\$)"
fi

# agrees NAME COMMAND...: one script that holds us to the reference, counted as a test.
agrees() {
  say "agree: $1"
  if "${@:2}"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

if [ "$only" = agree ]; then
  reference=build/agree
  install_python_packages "$reference" tests/requirements-agree.txt || {
    echo "test.sh: agree: tests/requirements-agree.txt cannot be installed, so nothing was compared: $said" >&2
    exit 3
  }
  agrees "goldens are what tests/make_goldens.py makes" "$reference/bin/python" tests/make_goldens.py --check
  agrees "adapters are what tests/make_adapter_goldens.py makes" "$reference/bin/python" tests/make_adapter_goldens.py --check
  if build release malmoi; then
    agrees "families both ways" "$reference/bin/python" tests/transformers_agree.py build/release/bin/malmoi
    agrees "adapters both ways" "$reference/bin/python" tests/peft_agree.py build/release/bin/malmoi
  fi
  if command -v "${LLAMA_COMPLETION:-llama-completion}" >/dev/null; then
    agrees "GGUF files in llama.cpp" "$reference/bin/python" tests/llama_cpp_agree.py build/release/bin/malmoi
  fi
fi

for what in "${broken[@]}"; do
  echo "FAILED: $what"
  failed=$((failed + 1))
done
total=$((passed + failed))
say "done"
echo "$passed passed, $failed failed"
# ctest's own closing line, over all three builds.
echo "$((total > 0 ? passed * 100 / total : 0))% tests passed, $failed tests failed out of $total"
[ "$failed" = 0 ] && [ "$total" -gt 0 ]
