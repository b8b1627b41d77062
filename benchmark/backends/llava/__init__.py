"""Vision-language models that write text: any folder or hub id that transformers can open."""
