"""How pages phrase things: one YAML file per language, compiled once by `files`; `language` says which one applies."""
