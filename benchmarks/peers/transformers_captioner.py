"""A captioner of Hugging Face `transformers`: a ViT encoder and a GPT-2 decoder.

    python benchmarks/peers/transformers_captioner.py MODEL FOLDER --words 11

MODEL is a folder that `write_model` wrote. Its weights are random, which does not
affect the time of a word; with random weights a caption has no end of its own, so all
captions get the same number of words.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

# Width, heads, layers of the encoder, layers of the decoder, size of the vocabulary.
# "base" are the sizes of ViT-Base and GPT-2, as in the captioner that tutorials use.
SIZES = {"small": (384, 6, 12, 6, 4096), "base": (768, 12, 12, 12, 50257)}
BATCH_SIZE = 8


def build_writer() -> Callable[..., int]:
    """Return `write_model`, for a process of its own."""
    return write_model


def write_model(size: str, folder: str) -> int:
    """Write a model with random weights, its tokenizer and its image processor.

    Args:
        size: key of `SIZES`.
        folder: an existing folder.

    Returns:
        The number of its parameters.
    """
    import tokenizers
    import torch
    import transformers

    torch.manual_seed(0)
    width, heads, depth, decoder_depth, vocabulary = SIZES[size]
    encoder = transformers.ViTConfig(
        hidden_size=width,
        num_hidden_layers=depth,
        num_attention_heads=heads,
        intermediate_size=4 * width,
    )
    decoder = transformers.GPT2Config(
        vocab_size=vocabulary,
        n_embd=width,
        n_layer=decoder_depth,
        n_head=heads,
        bos_token_id=0,
        eos_token_id=0,
    )
    config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(
        encoder, decoder, decoder_start_token_id=0, pad_token_id=1, eos_token_id=0
    )
    model = transformers.VisionEncoderDecoderModel(config)
    model.save_pretrained(folder)
    words = {f"word{index}": index for index in range(vocabulary)}
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer(
            tokenizers.models.WordLevel(words, unk_token="word0")
        )
    ).save_pretrained(folder)
    transformers.ViTImageProcessorPil(
        size={"height": 224, "width": 224}
    ).save_pretrained(folder)
    return model.num_parameters()


def build_captioner(
    folder: str, dtype: str, words: int, threads: int
) -> Callable[[Sequence[str]], list[str]]:
    """Load a model and return a function from paths to captions.

    Args:
        folder: folder of `write_model`.
        dtype: `"float32"` or `"bfloat16"`.
        words: tokens of each caption.
        threads: number of threads.
    """
    import torch
    import transformers
    from PIL import Image

    torch.set_num_threads(threads)
    model: Any = transformers.VisionEncoderDecoderModel.from_pretrained(
        folder, dtype=dtype, local_files_only=True
    )
    model.eval()
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    processor = transformers.ViTImageProcessorPil.from_pretrained(folder)

    def describe(paths: Sequence[str]) -> list[str]:
        captions: list[str] = []
        for start in range(0, len(paths), BATCH_SIZE):
            batch = paths[start : start + BATCH_SIZE]
            images = [Image.open(path).convert("RGB") for path in batch]
            pixels = processor(images, return_tensors="pt")["pixel_values"]
            with torch.inference_mode():
                found = model.generate(
                    pixels.to(model.dtype),
                    num_beams=3,
                    min_new_tokens=words,
                    max_new_tokens=words,
                )
            captions += tokenizer.batch_decode(found)
        return captions

    return describe


@click.command()
@click.argument("model", type=click.Path(exists=True))
@click.argument("folder", type=click.Path(exists=True))
@click.option("--words", required=True, type=int, help="Tokens of each caption.")
@click.option("--dtype", default="float32", show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(model, folder, words, dtype, threads) -> None:
    paths = [str(path) for path in sorted(Path(folder).iterdir())]
    describe = build_captioner(model, dtype, words, threads)
    for path, caption in zip(paths, describe(paths), strict=True):
        print(f"{path}\t{caption}")


if __name__ == "__main__":
    main()
