"""How a fitted ensemble becomes a release: decision, model card, manifest, gate, and publishing."""
