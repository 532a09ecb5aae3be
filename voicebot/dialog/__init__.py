"""The shared brain: understanding, knowledge, forms and policy. Text and keys in, words and actions out."""
