"""How pages speak: one YAML file a language, compiled once by `files`; `language` tells which of them reads a text."""
