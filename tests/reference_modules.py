"""Families that PyTorch has as a module and the library has not: dressed with the few methods of the library's models that
reference_models.py asks for."""
import json
import types

import torch
from safetensors.torch import load_file, save_file


class Config(types.SimpleNamespace):
    """The fields of config.json."""

    def to_dict(self):
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}

    @classmethod
    def from_dict(cls, fields):
        return cls(**fields)


class RecurrentLm(torch.nn.Module):
    """Embeddings, torch.nn.LSTM or torch.nn.GRU, and a head, which may be the table of embeddings."""
    cell = None

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embed = torch.nn.Embedding(config.vocab_size, config.embed_size)
        self.rnn = self.cell(config.embed_size, config.hidden_size, config.num_layers, batch_first=True)
        self.head = torch.nn.Linear(config.hidden_size, config.vocab_size)
        self.tie_weights()

    def tie_weights(self):
        if self.config.tie_word_embeddings:
            self.head.weight = self.embed.weight

    def forward(self, input_ids, use_cache=False, past_key_values=None):
        hidden, state = self.rnn(self.embed(input_ids), *(past_key_values or ()))
        return types.SimpleNamespace(logits=self.head(hidden), past_key_values=(state,))

    def save_pretrained(self, folder):
        folder.mkdir(exist_ok=True)
        fields = {"model_type": self.model_type, "architectures": [type(self).__name__], **self.config.to_dict()}
        (folder / "config.json").write_text(json.dumps(fields, indent=2, sort_keys=True) + "\n")
        tied = {"head.weight"} if self.config.tie_word_embeddings else set()
        save_file({name: w.contiguous() for name, w in self.state_dict().items() if name not in tied},
                  str(folder / "model.safetensors"), metadata={"format": "pt"})

    @classmethod
    def from_pretrained(cls, folder, dtype, output_loading_info, **ignored):
        model = cls(Config.from_dict(json.loads((folder / "config.json").read_text())))
        tied = {"head.weight"} if model.config.tie_word_embeddings else set()
        said = model.load_state_dict(load_file(str(folder / "model.safetensors")), strict=False)
        return model.to(dtype), {"missing_keys": set(said.missing_keys) - tied, "unexpected_keys": said.unexpected_keys,
                                 "mismatched_keys": []}


class LstmForCausalLM(RecurrentLm):
    cell, model_type = torch.nn.LSTM, "lstm"


class GruForCausalLM(RecurrentLm):
    cell, model_type = torch.nn.GRU, "gru"
