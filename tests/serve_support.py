"""For the tests of the server from outside: trains a tiny model on a few Korean and English sentences (seconds, once a
build), and runs `malmoi serve` on it."""
import contextlib
import json
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import time
import urllib.request

SENTENCES = ["오늘 날씨가 너무 좋다.", "오늘 날씨가 너무 춥다.", "오늘 날씨가 너무 덥다.", "내일은 비가 온다.", "말모이는 말을 모은 책이다.",
             "The weather today is fine.", "The weather today is cold.", "A dictionary gathers words."]

# A template of a model that writes calls as Hermes and Qwen do.
CALLS = """{{ tools | tojson }}
{% for m in messages %}{{ m.role }}: {{ m.content }}
{% for call in m.tool_calls or [] %}<tool_call>{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}</tool_call>
{% endfor %}{% endfor %}assistant: """


def byte_tokenizer():
    """tokenizer.json of byte-level BPE with the merges of nothing: a Korean syllable is three tokens."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spelled, extra = {}, 0
    for byte in range(256):
        spelled[byte] = chr(byte) if byte in shown else chr(256 + extra)
        extra += byte not in shown
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    end = {"id": 256, "content": "<|endoftext|>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
             "byte_fallback": False, "vocab": {spelled[byte]: byte for byte in range(256)}, "merges": []}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [end], "normalizer": None, "pre_tokenizer": byte_level,
            "post_processor": None, "decoder": byte_level, "model": model}


def tiny_model(malmoi, folder):
    """The folder of a trained model; trained only if it is not there."""
    folder = pathlib.Path(folder).resolve()
    model = folder / "tiny" / "model"
    if (model / "model.safetensors").exists():
        return model
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = folder / "tokenizer"
    tokenizer.mkdir(exist_ok=True)
    (tokenizer / "tokenizer.json").write_text(json.dumps(byte_tokenizer(), ensure_ascii=False))
    (tokenizer / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>"}))
    texts = [" ".join(SENTENCES[(i * 5 + j * (1 + i % 7)) % len(SENTENCES)] for j in range(30)) for i in range(60)]
    (folder / "text.jsonl").write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts))
    config = f"""
schema_version: 1
model: {{architecture: llama, hidden_size: 64, intermediate_size: 128, num_hidden_layers: 2, num_attention_heads: 4, max_position_embeddings: 512}}
tokenizer: {tokenizer}
data: {{train: [{folder / "text.jsonl"}], valid_fraction: 0.1, sequence_length: 96}}
train:
  batch_size: 8
  steps: 150
  dtype: f32
  optimizer: {{name: adamw, lr: 5e-3}}
  schedule: {{name: cosine, warmup_steps: 10, min_lr: 1e-4}}
  seed: 1
  eval_every: 150
  save_every: 150
out: {folder / "tiny"}
"""
    (folder / "train.yaml").write_text(config)
    subprocess.run([malmoi, "train", folder / "train.yaml", "--threads", "1"], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return model


def with_template(model, template):
    """A copy of a model's folder whose chats go through a template of its own."""
    copy = model.parent / "with_template"
    shutil.copytree(model, copy, dirs_exist_ok=True)
    (copy / "chat_template.jinja").write_text(template)
    return copy


def server(malmoi, folder, *options, template=None):
    """The server over the tiny model, in f32."""
    model = tiny_model(malmoi, folder)
    if template:
        model = with_template(model, template)
    return serving(malmoi, model, "--dtype", "f32", *options)


@contextlib.contextmanager
def serving(malmoi, model, *options):
    """Runs the server on a free port; gives its URL. It must stop by itself when asked to."""
    process = subprocess.Popen([malmoi, "serve", "--model", model, "--port", "0", "--threads", "1", *options], stderr=subprocess.PIPE, text=True)
    try:
        url = None
        for line in process.stderr:
            if found := re.search(r"serving at (https?://\S+/)", line):
                url = found[1]
                break
        assert url, "the server did not start"
        for _ in range(100):
            with contextlib.suppress(OSError):
                if urllib.request.urlopen(url + "health", timeout=5, context=ssl._create_unverified_context()).status == 200:
                    break
            time.sleep(0.05)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0, f"the server ended with {process.returncode}"
