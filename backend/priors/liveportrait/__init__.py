"""LivePortrait (Guo et al. 2024): a still face moved by another's expression."""
